"""A run and its searches as a notebook shows them."""

from collections.abc import Iterable, Iterator

from ragreason.events import TraceEvent
from ragreason.text.html import Markup, Row, folded, tag, tree_table
from ragreason.traces.searches import Search, SearchNode, children, searches

_COLUMNS = ("step", "outcome", "visits", "value", "weight")


def search_html(search: Search) -> Markup:
    """The tree of one search: what was chosen strong, what was pruned struck out."""
    return tree_table([_row(node) for node in _walked(search)], _COLUMNS)


def events_html(events: Iterable[TraceEvent]) -> Markup:
    """What happened: the searches for passages, and the trees of the reasoning."""
    told = tuple(events)
    found = [e for e in told if e.kind == "search"]
    lines = [
        tag("div", tag("b", e.query), ": ", ", ".join(h.passage.title for h in e.hits) or "nothing")
        for e in found
    ]
    parts = [folded(f"{len(lines)} queries", *lines)] if lines else []
    for search in searches(told):
        steps = len(search.nodes) - 1
        parts.append(folded(f"{search.node}: a tree of {steps} steps", search_html(search)))
    return Markup("".join(parts))


def _walked(search: Search) -> Iterator[SearchNode]:
    """Each node below its parent."""
    below = children(search.nodes)
    pending = [search.nodes[0]]
    while pending:
        node = pending.pop()
        if node.kind != "root":
            yield node
        pending += reversed(below[node.id])


def _row(node: SearchNode) -> Row:
    called = f"{node.tool} {node.arguments}"
    said = {"search": node.query, "answer": node.answer, "call": called}.get(node.kind) or node.text
    found = f" → {', '.join(node.titles)}" if node.titles else ""
    return Row(
        depth=node.depth - 1,
        kind=node.kind,
        text=" ".join(f"{said}{found}".split()),
        figures=(node.process, node.outcome, node.visits, node.value, node.weight),
        strong=node.chosen,
        faded=node.pruned,
    )
