"""What searches by process scores have in common: asking a wave, and scoring its candidates."""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from ragreason.errors import VerifierError
from ragreason.protocols import Aggregation
from ragreason.search.scores import outcome_score, process_score
from ragreason.tree import Expand, Mark, Tree


def lacking(tree: Tree, wanted: Iterable[tuple[int, int]]) -> Expand | None:
    """What is still to be asked so that each node has its number of proposals; None if nothing.

    A proposal that failed counts as asked: it is not tried again.
    """
    missing = ((node, n - tree.asked.get(node, 0)) for node, n in wanted)
    nodes = tuple((node, n) for node, n in missing if n > 0)
    return Expand(nodes) if nodes else None


def step_score(tree: Tree, node: int, how: Aggregation | None) -> float | None:
    """The process score; for an answer that was judged as an outcome only, that; else None."""
    score = process_score(tree, node, how)
    return outcome_score(tree, node, how) if score is None else score


def candidate_scores(tree: Tree, nodes: Sequence[int], how: Aggregation | None) -> dict[int, float]:
    """Each candidate's score. Raises VerifierError if one has none: it can't be compared."""
    scores = {node: step_score(tree, node, how) for node in nodes}
    known = {node: score for node, score in scores.items() if score is not None}
    if len(known) < len(scores):
        first = next(node for node in nodes if node not in known)
        raise VerifierError(
            f"{len(scores)} candidates are to be compared, {len(known)} of them have scores; "
            f"node {first} has none: search with a verifier that scores every step"
        )
    return known


def choice_marks(
    tree: Tree, how: Aggregation | None, waves: Iterable[tuple[Sequence[int], Sequence[int]]]
) -> dict[int, Mark]:
    """Marks of a search that keeps some of each wave's proposals and gives up the others.

    `waves` holds each wave's proposals and those that were kept. No answer is given up: each may
    still be the best in the end. A last wave without scores is left out: nothing was decided about
    it.
    """
    marks: dict[int, Mark] = {}
    with suppress(VerifierError):  # a budget may end a search before its last wave is judged
        for proposed, kept in waves:
            for node in proposed:
                value = None if tree.failed(node) else step_score(tree, node, how)
                pruned = node not in kept and not tree.finished(node)
                marks[node] = Mark(value=value, pruned=pruned)
    return marks
