"""Votes: finished trajectories in groups that give the same answer."""

from collections.abc import Iterable, Sequence

from ragreason.search.rank import is_empty
from ragreason.text.votes import vote_key
from ragreason.tree import Finish, Tree


def ballots(tree: Tree, nodes: Iterable[int] | None = None) -> list[tuple[int, ...]]:
    """The answers (all of the tree's, or these `nodes`) that say something, grouped by what they
    say: the group seen first comes first, and each keeps the order in which answers were added.
    """
    groups: dict[str, list[int]] = {}
    for node in tree.answers if nodes is None else nodes:
        step = tree.step(node)
        if step is not None and not is_empty(tree, node):
            groups.setdefault(vote_key(step.answer), []).append(node)
    return [tuple(group) for group in groups.values()]


def ranked(tree: Tree, groups: Sequence[tuple[Sequence[int], float]]) -> Finish:
    """Groups with their weights, heaviest first, ties in the order given; then what did not vote,
    with weight 0. Weights are at least 0.
    """
    best = sorted(groups, key=lambda pair: -pair[1])
    voted = [(node, weight) for group, weight in best for node in group]
    known = {node for node, _ in voted}
    return Finish((*voted, *((node, 0.0) for node in tree.answers if node not in known)))
