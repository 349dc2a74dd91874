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
    """Answers by outcome score, best first; ties keep their order, empty answers last among them.

    Answers without a verdict come last and weigh 0, or as little as the worst where that is less.
    Source: best-of-N, arXiv 2211.14275.
    """
    scores = {node: outcome_score(tree, node, how) for node in tree.answers}
    known = {node: score for node, score in scores.items() if score is not None}
    least = min([0.0, *known.values()])
    order = sorted(scores, key=lambda n: (n not in known, -known.get(n, 0.0), is_empty(tree, n)))
    return Finish(tuple((node, known.get(node, least)) for node in order))


def is_empty(tree: Tree, node: int) -> bool:
    """Whether `node` leaves the answer to the answer node: it can't vote, and is last of equals."""
    step = tree.step(node)
    return step is None or not step.answer.strip()
