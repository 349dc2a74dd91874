"""Verdicts in a tree as one number a node: what every strategy compares by."""

from collections.abc import Sequence
from dataclasses import replace
from math import fsum, prod
from typing import Any, cast

from ragreason.errors import VerifierError
from ragreason.protocols import Aggregation, Strategy, Verifier
from ragreason.tree import Tree

DEFAULT: Aggregation = "last"
"""Where neither the strategy nor a verifier says how step scores are put together."""


def aggregate(scores: Sequence[float], how: Aggregation) -> float:
    """Step scores to a trajectory's: the last, the least, the product, or the mean.

    Which is best depends on what the verifier was trained for (RLHFlow: mean; Qwen2.5-Math-PRM:
    product), so each declares its own. Raises VerifierError for no scores. (0.5, 0.8) gives 0.8,
    0.5, 0.4 and 0.65. Source: arXiv 2408.03314, appendix E; arXiv 2501.07301.
    """
    if not scores:
        raise VerifierError(f"no step scores to take the {how} of")
    if how == "last":
        return scores[-1]
    if how == "min":
        return min(scores)
    return prod(scores) if how == "product" else fsum(scores) / len(scores)


def process_score(tree: Tree, node: int, how: Aggregation | None) -> float | None:
    """The scores of the steps to `node`, aggregated; None while `node` itself is not judged.

    A further attempt after an answer is scored by its own steps. Raises VerifierError where an
    earlier step has no score: it would be counted as nothing.
    """
    begun = attempt_start(tree, node)
    scores = tree.step_scores(node)[begun:]
    if not scores or scores[-1] is None:
        return None
    known = [score for score in scores if score is not None]
    if len(known) != len(scores):
        lacking = tree.path(node)[begun + scores.index(None)]
        raise VerifierError(
            f"{len(scores)} steps lead to node {node}, {len(known)} of them have scores; "
            f"node {lacking} has none"
        )
    return aggregate(known, how or DEFAULT)


def attempt_start(tree: Tree, node: int) -> int:
    """How many steps come before the attempt that `node` belongs to: those up to the last answer
    before it, 0 where there is none.
    """
    before = tree.path(node)[:-1]
    return max((i for i, n in enumerate(before, start=1) if tree.finished(n)), default=0)


def outcome_score(tree: Tree, node: int, how: Aggregation | None = None) -> float | None:
    """The verdict on the trajectory that ends at `node`; where only its steps were judged, their
    aggregate; None where nothing was.
    """
    verdict = tree.verdict(node, outcome=True)
    return verdict.score if verdict is not None else process_score(tree, node, how)


def with_aggregation(strategy: Strategy, verifier: Verifier | None) -> Strategy:
    """The strategy; where it leaves the aggregation to the verifier, with the verifier's."""
    if verifier is None or getattr(strategy, "aggregation", DEFAULT) is not None:
        return strategy
    informed: Strategy = replace(cast(Any, strategy), aggregation=verifier.aggregation)
    return informed
