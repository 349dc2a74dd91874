"""Sibling proposals: which of them say the same, and how likely the policy held each."""

from collections.abc import Sequence
from math import exp, fsum

from ragreason.text.votes import vote_key
from ragreason.tree import Tree
from ragreason.types import Step

Families = tuple[tuple[int, ...], ...]


def families(tree: Tree, siblings: Sequence[int]) -> Families:
    """The siblings that did not fail, identical ones together, in the order they were added.

    Identical are steps of one kind with the same answer (by `vote_key`), the same query, or else
    the same text, up to case, white space and a full stop or question mark at the end. The first of
    a family stands for it. A step that the length limit cut is never the same as a whole one.
    """
    found: dict[tuple[str, bool, str], list[int]] = {}
    for node in siblings:
        step = tree.step(node)
        if step is not None:
            found.setdefault((step.kind, step.truncated, _says(step)), []).append(node)
    return tuple(map(tuple, found.values()))


def _says(step: Step) -> str:
    if step.kind == "answer" and (answer := vote_key(step.answer)):
        return answer
    said = step.query if step.kind == "search" and step.query else step.text
    said = f"{step.tool} {step.arguments}" if step.kind == "call" else said
    return " ".join(said.split()).rstrip(".?").casefold()


def priors(tree: Tree, found: Families) -> dict[int, float]:
    """The first of each family to the share of the policy's probability that the family has.

    Softmax of the mean log-probability of a step's tokens over all siblings, summed in each family;
    uniform over siblings where any has no log-probability or no tokens. The sum is 1. Mean logprobs
    (ln 0.6, ln 0.3, ln 0.1), the last two identical, give 0.6 and 0.4.
    """
    means = {node: _mean_logprob(tree.step(node)) for family in found for node in family}
    known = [mean for mean in means.values() if mean is not None]
    if len(known) < len(means):
        return {family[0]: len(family) / len(means) for family in found}
    highest = max(known, default=0.0)  # so that exp never underflows for all of them
    weights = {node: exp(mean - highest) for node, mean in means.items() if mean is not None}
    total = fsum(weights.values())
    return {family[0]: fsum(weights[node] for node in family) / total for family in found}


def _mean_logprob(step: Step | None) -> float | None:
    if step is None or step.logprob is None or not step.token_ids:
        return None
    return step.logprob / len(step.token_ids)
