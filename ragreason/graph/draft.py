"""The text of a graph that is being written: what is wrong with it, line by line, and its drawing.

It may come from anywhere, so nothing that it names is imported, no file is read but the graphs that
ship, and what would take long to check or draw is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ragreason.errors import ConfigError, GraphError
from ragreason.graph.checks import check_graph
from ragreason.graph.definition import END, START, Definition
from ragreason.graph.library import read_nested, shipped_folder, shipped_graphs, users_of_graphs
from ragreason.graph.picture import Picture, picture
from ragreason.graph.read import parse_graph

MOST_NODES = 80
MOST_EDGES = 240


@dataclass(frozen=True)
class Complaint:
    """What is wrong, and in which line (from 1), where that is known."""

    message: str
    line: int | None = None


@dataclass(frozen=True)
class Draft:
    """What came of a text. `definition` is None where it can't be read as a graph, `drawing` where
    an edge leads nowhere too.
    """

    complaints: Sequence[Complaint]
    definition: Definition | None = None
    drawing: Picture | None = None


def read_draft(text: str) -> Draft:
    """Everything that is wrong with a graph's text, in its order, and the graph as it is drawn.
    Graphs that it uses are named as in a file that lies beside those that ship.
    """
    try:
        definition = parse_graph(text, str(_place()))
    except GraphError as error:
        return Draft([_complaint(error)])
    if len(definition.nodes) > MOST_NODES or len(definition.edges) > MOST_EDGES:
        told = f"a graph of more than {MOST_NODES} nodes or {MOST_EDGES} edges is not drawn here"
        return Draft([Complaint(told)], definition)
    errors = [*check_graph(definition), *_paths(definition)] or _inside(definition)
    return Draft(
        [_complaint(error) for error in sorted(errors, key=_line)], definition, _drawing(definition)
    )


def _place() -> Path:
    return shipped_folder() / "draft.yaml"


def _paths(definition: Definition) -> list[GraphError]:
    """Graphs that it uses and that are no shipped ones: nobody's files are read for a draft."""
    return [
        definition.origin.error(
            (*place, "graph"),
            f"'{spec.graph}' is none of the graphs that ship; here no other is read",
        )
        for place, spec in users_of_graphs(definition)
        if not _ships(str(spec.graph))
    ]


def _ships(name: str) -> bool:
    folder = shipped_folder().resolve()
    path = (folder / name).resolve()
    return name in shipped_graphs() or (path.is_relative_to(folder) and path.is_file())


def _inside(definition: Definition) -> list[ConfigError]:
    try:
        read_nested(definition)
    except ConfigError as error:
        return [error]
    return []


def _drawing(definition: Definition) -> Picture | None:
    known = {*definition.nodes, START, END}
    ends = {name for edge in definition.edges for name in (edge.from_, *edge.targets)}
    if ends <= known and not {START, END} & set(definition.nodes):
        return picture(definition)
    return None


def _line(error: ConfigError) -> int:
    return getattr(error, "line", None) or 0


def _complaint(error: ConfigError) -> Complaint:
    if isinstance(error, GraphError) and error.path == str(_place()):
        return Complaint(error.message, error.line)
    return Complaint(str(error))
