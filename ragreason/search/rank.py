"""What all strategies share: which leaves can go on, and which answers are best."""

from ragreason.protocols import Aggregation
from ragreason.search.scores import outcome_score
from ragreason.tree import ROOT, Finish, Tree


def open_leaves(tree: Tree, max_depth: int) -> tuple[int, ...]:
    """Leaves that are unfinished, did not fail, and lie above `max_depth` steps."""
    return tuple(
        leaf
        for leaf in tree.leaves
        if leaf != ROOT and not tree.finished(leaf) and tree.depth(leaf) < max_depth
    )


def by_outcome(tree: Tree, how: Aggregation | None = None) -> Finish:
    """Finished leaves by outcome score, best first; ties keep their order, empty answers last.

    An answer without a verdict weighs 0. Source: best-of-N, arXiv 2211.14275.
    """
    weighted = [(node, outcome_score(tree, node, how) or 0.0) for node in tree.answers]
    return Finish(tuple(sorted(weighted, key=lambda pair: (-pair[1], is_empty(tree, pair[0])))))


def is_empty(tree: Tree, node: int) -> bool:
    """Whether `node` leaves the answer to the answer node: it can't vote, and ranks last."""
    step = tree.step(node)
    return step is None or not step.answer.strip()
