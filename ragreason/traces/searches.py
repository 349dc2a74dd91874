"""The search trees of a run, put together from its events: for terminals and pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ragreason.events import TraceEvent
from ragreason.tree import ROOT
from ragreason.types import StepKind, Value

NodeKind = StepKind | Literal["root", "failed"]


class SearchNode(Value):
    """One node of a search tree; the root (id 0) is the empty trajectory.

    `tool`, `arguments` and `result` are set on calls of tools.
    `text` is what the model wrote, of a failed proposal why it gave no step; `titles` are those of
    the passages that its search found. `process` and `outcome` are verdicts' scores, on the step
    and on the trajectory that ends here, `missing` what they named as lacking.
    `visits`, `value` and `pruned` are what the strategy says of the node in the end, `weight` what
    it gave it among the answers that it ranked. What nobody said is None. `chosen` nodes lead to
    the answer that was ranked first.
    """

    id: int
    parent: int | None
    depth: int
    kind: NodeKind
    text: str = ""
    query: str = ""
    answer: str = ""
    tool: str = ""
    arguments: str = ""
    result: str = ""
    truncated: bool = False
    titles: tuple[str, ...] = ()
    process: float | None = None
    outcome: float | None = None
    missing: tuple[str, ...] = ()
    visits: int | None = None
    value: float | None = None
    pruned: bool = False
    weight: float | None = None
    chosen: bool = False


class Search(Value):
    """One search of a graph's `reason` node: its nodes by id, parents before children.

    `node` is the graph file's name for it; `question_id` tells apart searches for sub-questions
    that ran side by side. `best` holds the ranked answers' ids, best first: empty where none was
    finished, or where the run ended before the strategy did.
    """

    node: str
    question_id: str
    nodes: tuple[SearchNode, ...]
    best: tuple[int, ...] = ()

    def _repr_html_(self) -> str:
        """For notebooks."""
        from ragreason.text.html import box
        from ragreason.traces.html import search_html

        return box(search_html(self))


@dataclass
class _Growing:
    """A search while its events come in: fields of its nodes by id."""

    node: str
    question_id: str
    fields: dict[int, dict[str, Any]] = field(default_factory=dict)
    best: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fields[ROOT] = {"id": ROOT, "parent": None, "depth": 0, "kind": "root"}


def searches(events: Iterable[TraceEvent]) -> tuple[Search, ...]:
    """The searches of a run, in the order in which they began; those without a step are left out.

    A node that searches again begins a new tree. Of a run that went on from a checkpoint, what
    came before is not among its events: steps whose parents are missing hang from the root.
    """
    growing: dict[tuple[str, str], _Growing] = {}
    found: list[_Growing] = []
    for event in events:
        if event.tree_node is None:
            continue
        key = (event.node, event.question_id)
        if key not in growing or _begins_anew(event, growing[key]):
            growing[key] = _Growing(*key)
            found.append(growing[key])
        _add(growing[key], event)
    return tuple(_grown(search) for search in found if len(search.fields) > 1)


def _begins_anew(event: TraceEvent, search: _Growing) -> bool:
    return event.kind in {"step", "failed"} and event.tree_node in search.fields


def _add(search: _Growing, event: TraceEvent) -> None:
    node = event.tree_node
    if event.kind in {"step", "failed"}:
        search.fields[node or ROOT] = _arrived(search, event)
    elif node not in search.fields:
        return
    elif event.kind == "verdict" and event.verdict is not None:
        name = "outcome" if event.outcome else "process"
        lacking = event.verdict.missing or event.verdict.unsupported
        search.fields[node] |= {name: event.verdict.score}
        search.fields[node] |= {"missing": lacking} if lacking else {}
    elif event.kind == "mark":
        search.fields[node] |= event.mark.model_dump() if event.mark is not None else {}
        if event.weight is not None:
            search.fields[node]["weight"] = event.weight
            search.best.append(node)


def _arrived(search: _Growing, event: TraceEvent) -> dict[str, Any]:
    """A node's fields as its step, or its failure, gives them."""
    parent = event.parent if event.parent in search.fields else ROOT
    depth = search.fields[parent or ROOT]["depth"] + 1
    place = {"id": event.tree_node, "parent": parent, "depth": depth}
    step = event.step
    if step is None:
        return {**place, "kind": "failed", "text": event.text}
    titles = tuple(hit.passage.title for hit in step.hits)
    said = step.model_dump(
        include={"kind", "text", "query", "answer", "tool", "arguments", "result", "truncated"}
    )
    return {**place, **said, "titles": titles}


def _grown(search: _Growing) -> Search:
    chosen = _path(search.fields, search.best[0]) if search.best else set()
    nodes = (SearchNode(**fields, chosen=node in chosen) for node, fields in search.fields.items())
    return Search(
        node=search.node,
        question_id=search.question_id,
        nodes=tuple(nodes),
        best=tuple(search.best),
    )


def _path(fields: dict[int, dict[str, Any]], node: int | None) -> set[int]:
    """The ids from the root to `node`, both included."""
    path = set()
    while node is not None:
        path.add(node)
        node = fields[node]["parent"]
    return path


def children(nodes: Sequence[SearchNode]) -> dict[int, list[SearchNode]]:
    """Id to children, in the order in which they were added."""
    found: dict[int, list[SearchNode]] = {node.id: [] for node in nodes}
    for node in nodes:
        if node.parent is not None:
            found[node.parent].append(node)
    return found
