"""What a strategy made of each node, told once at the end of a search: for traces and pages."""

from collections.abc import Mapping
from typing import Any

from ragreason.events import TraceEvent
from ragreason.nodes.emit import emit
from ragreason.protocols import Strategy
from ragreason.tree import Finish, Mark, Tree


def tell_marks(name: str, question_id: str, strategy: Strategy, tree: Tree, best: Finish) -> None:
    """One event for each node that the strategy has a mark or a final weight for, best first."""
    part: Any = strategy
    marks: Mapping[int, Mark] = part.marks(tree) if hasattr(part, "marks") else {}
    weights = dict(best.nodes)
    for node in dict.fromkeys([*weights, *sorted(marks)]):
        emit(
            TraceEvent(
                kind="mark",
                node=name,
                question_id=question_id,
                tree_node=node,
                mark=marks.get(node),
                weight=weights.get(node),
            )
        )
