"""A tree as a strategy sees it that is to know nothing of some branches."""

from collections.abc import Collection
from dataclasses import dataclass

from ragreason.tree import (
    ROOT,
    Added,
    Asked,
    Decision,
    Event,
    Expand,
    Finish,
    Judged,
    RollOut,
    Tree,
)


@dataclass(frozen=True)
class View:
    """`tree` with its own numbers; node i of it is node `nodes[i]` of the whole tree."""

    tree: Tree
    nodes: tuple[int, ...]

    def whole(self, decision: Decision) -> Decision:
        """The decision in the numbers of the whole tree."""
        if isinstance(decision, RollOut):
            return RollOut(tuple(self.nodes[node] for node in decision.nodes))
        if isinstance(decision, Expand):
            return Expand(tuple((self.nodes[node], n) for node, n in decision.nodes))
        return Finish(tuple((self.nodes[node], weight) for node, weight in decision.nodes))


def without_branches(tree: Tree, branches: Collection[int]) -> View:
    """The tree without these children of the root and all below them, as if they had never been
    asked for.
    """
    hidden: set[int] = set(branches)
    for node in range(1, len(tree)):
        if tree.parent(node) in hidden:
            hidden.add(node)
    nodes = tuple(node for node in range(len(tree)) if node not in hidden)
    numbers = {node: number for number, node in enumerate(nodes)}
    events: list[Event] = []
    unasked, added = len(branches), 0
    for event in tree.events:
        if isinstance(event, Added):
            added += 1
            if added in numbers:
                events.append(event.model_copy(update={"parent": numbers[event.parent]}))
        elif event.node in numbers:
            if isinstance(event, Asked) and event.node == ROOT:
                taken = min(unasked, event.n)
                unasked -= taken
                event = event.model_copy(update={"n": event.n - taken})  # noqa: PLW2901
            if isinstance(event, Judged) or event.n:
                events.append(event.model_copy(update={"node": numbers[event.node]}))
    return View(Tree(events), nodes)
