"""A search tree in a terminal: one line a node, what was said of it in columns to the right."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ragreason.cli.show import WIDTH, cut, printable
from ragreason.traces import Search, SearchNode
from ragreason.traces.searches import children

_WORDS = {"thought": "think", "backtrack": "back"}
_DEEPEST = 24  # characters of branches, so that texts of deep steps still have room
_LONG = 1e5  # from here on figures are told by their powers of ten, so that texts have room
_COLUMNS: Mapping[str, Callable[[SearchNode], float | None]] = {
    "step": lambda node: node.process,
    "outcome": lambda node: node.outcome,
    "visits": lambda node: node.visits,
    "value": lambda node: node.value,
    "weight": lambda node: node.weight,
}
_SIGNS = {"*": "chosen", "x": "pruned", "!": "failed"}


class Line(NamedTuple):
    """One line, and how it is shown where a terminal can: "", "bold" or "dim"."""

    text: str
    style: str = ""


def search_lines(search: Search) -> list[Line]:
    """The whole tree, at most `WIDTH` wide, with a heading and what its signs mean."""
    shown = [name for name in _COLUMNS if _speaks(name, search.nodes)]
    cells = {node.id: [_cell(_COLUMNS[name](node)) for name in shown] for node in search.nodes}
    columns = zip(shown, *cells.values(), strict=True)
    widths = [max(map(len, column)) for column in columns]
    digits = len(str(search.nodes[-1].id))
    heading = f"{printable(search.node)}: {_counts(search.nodes)}"
    lines = [Line(_row(heading, shown, widths), "bold")]
    for node, branches in _walk(search.nodes):
        if node.kind != "root" or any(cells[node.id]):
            text = f"{_sign(node)} {node.id:>{digits}} {branches}{_text(node)}"
            lines.append(Line(_row(text, cells[node.id], widths), _style(node)))
    signs = {_sign(node) for node in search.nodes}
    legend = ", ".join(f"{sign} {word}" for sign, word in _SIGNS.items() if sign in signs)
    return [*lines, Line(legend or "nothing was chosen", "dim")]


def _speaks(column: str, nodes: Sequence[SearchNode]) -> bool:
    """Whether the column has anything to say: visits and weights that are all 0 have not."""
    found = {value for node in nodes if (value := _COLUMNS[column](node)) is not None}
    return bool(found - {0} if column in {"visits", "weight"} else found)


def _counts(nodes: Sequence[SearchNode]) -> str:
    """How many there are of what."""
    answers = sum(node.kind == "answer" and not node.truncated for node in nodes)
    steps = sum(node.kind not in {"root", "failed"} for node in nodes)
    pruned, failed = sum(n.pruned for n in nodes), sum(n.kind == "failed" for n in nodes)
    counted = {"steps": steps, "answers": answers, "pruned": pruned, "failed": failed}
    said = [f"{n} {word}" for word, n in counted.items() if n or word == "steps"]
    return ", ".join(words.removesuffix("s") if words.startswith("1 ") else words for words in said)


def _walk(nodes: Sequence[SearchNode]) -> Iterator[tuple[SearchNode, str]]:
    """Each node below its parent, with the branches that lead to it. No recursion: trees of greedy
    searches are a hundred steps deep.
    """
    below = children(nodes)
    pending = [(nodes[0], "", "")]
    while pending:
        node, branch, indent = pending.pop()
        yield node, branch if len(branch) <= _DEEPEST else f"…{branch[-_DEEPEST:]}"
        for child in reversed(below[node.id]):
            last = child is below[node.id][-1]
            pending.append(
                (child, indent + ("└ " if last else "├ "), indent + ("  " if last else "│ "))
            )


def _text(node: SearchNode) -> str:
    """What the step says, in short: a query, an answer, or the beginning of a thought."""
    if node.kind == "root":
        return "(start)"
    called = f"{node.tool} {node.arguments}"
    said = {"search": node.query, "answer": node.answer, "call": called}.get(node.kind) or node.text
    cut = " (cut by the length limit)" if node.truncated else ""
    return f"{_WORDS.get(node.kind, node.kind)}{cut}  {printable(said)}"


def _sign(node: SearchNode) -> str:
    if node.kind == "failed":
        return "!"
    return "*" if node.chosen else "x" if node.pruned else " "


def _style(node: SearchNode) -> str:
    return {"!": "dim", "x": "dim", "*": "bold"}.get(_sign(node), "")


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    return f"{value:.2f}" if abs(value) < _LONG else f"{value:.1e}"


def _row(text: str, cells: Sequence[str], widths: Sequence[int]) -> str:
    """The text, cut where it must be, and the cells to its right, each as wide as its column."""
    from rich.cells import set_cell_size

    columns = "".join(f" {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    left = WIDTH - len(columns)
    return (set_cell_size(cut(text, left), left) + columns).rstrip()
