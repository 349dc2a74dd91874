"""What all strategies share: which leaves can go on, and which answers are best."""

from ragreason.tree import ROOT, Finish, Tree


def open_leaves(tree: Tree, max_depth: int) -> tuple[int, ...]:
    """Leaves that are unfinished, did not fail, and lie above `max_depth` steps."""
    return tuple(
        leaf
        for leaf in tree.leaves
        if leaf != ROOT and not tree.finished(leaf) and tree.depth(leaf) < max_depth
    )


def by_outcome(tree: Tree) -> Finish:
    """Finished leaves by outcome score, best first; ties keep their order, empty answers last.

    An answer without a verdict weighs 0. Source: best-of-N, arXiv 2211.14275.
    """
    weighted = [(node, _score(tree, node)) for node in tree.answers]
    return Finish(tuple(sorted(weighted, key=lambda pair: (-pair[1], _is_empty(tree, pair[0])))))


def _is_empty(tree: Tree, node: int) -> bool:
    step = tree.step(node)
    return step is None or not step.answer


def _score(tree: Tree, node: int) -> float:
    verdict = tree.verdict(node, outcome=True)
    return verdict.score if verdict is not None else 0.0
