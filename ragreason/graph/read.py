"""Graph files to definitions: reading, `--set` overrides, and errors that say what was expected."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ragreason.errors import GraphError, nearest
from ragreason.generation.thinking_effort import Thought
from ragreason.graph.definition import Condition, Definition, Edge, NodeSpec, Origin, Part, Place
from ragreason.graph.overrides import apply_overrides, find_place
from ragreason.graph.yaml import read_text, read_yaml
from ragreason.types import Budget


def read_graph(path: Path, overrides: Sequence[str] = ()) -> Definition:
    """Read and validate a file's form; `graph.checks` holds the rules beyond. Raises GraphError."""
    return parse_graph(read_text(path), path=str(path), overrides=overrides)


def parse_graph(text: str, path: str | None = None, overrides: Sequence[str] = ()) -> Definition:
    """The same from text; `path` is what errors call it."""
    raw, lines = read_yaml(text, path)
    return build_definition(raw, Origin(path, lines), overrides)


def build_definition(
    raw: Any, origin: Origin | None = None, overrides: Sequence[str] = ()
) -> Definition:
    """A definition from plain values. Raises GraphError for the first thing that is wrong."""
    origin = origin or Origin()
    if not isinstance(raw, dict):
        found = type(raw).__name__
        raise origin.error((), f"expected a mapping with name, nodes and edges; found a {found}")
    raw = apply_overrides(raw, overrides)
    origin = Origin(origin.path, origin.lines, {find_place(o, raw): o for o in overrides})
    try:
        return Definition.model_validate(raw).at(origin)
    except ValidationError as error:
        first = min(error.errors(), key=lambda e: origin.line(_plain(e["loc"])) or 0)
        raise _readable(first, origin) from error


def _plain(place: tuple[int | str, ...]) -> Place:
    """Pydantic's location without the names of union members and function validators."""
    return tuple(p for p in place if not (isinstance(p, str) and ("[" in p or p == "str")))


_FIELDS: Mapping[str, tuple[str, type]] = {
    "edge": ("an edge", Edge),
    "condition": ("a condition", Condition),
    "budget": ("budget", Budget),
    "graph": ("a graph file", Definition),
    "node": ("a node", NodeSpec),
    "part": ("a part", Part),
    "effort": ("effort", Thought),
}


def _readable(error: Any, origin: Origin) -> GraphError:
    place = _plain(error["loc"])
    what, model = _FIELDS[_kind(place)]
    fields = [f.alias or n for n, f in getattr(model, "model_fields", {}).items()]
    name = str(place[-1]) if place else ""
    if error["type"] == "extra_forbidden":
        near = nearest(name, fields)
        guess = f"did you mean '{near}'?" if near else f"known: {', '.join(fields)}"
        return origin.error(place, f"unknown field '{name}' in {what}; {guess}")
    if error["type"] == "missing":
        return origin.error(place[:-1], f"{what} needs '{name}'{_owner(place)}")
    message = str(error["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if error["type"] == "value_error":
        return origin.error(place, message)
    given = error["input"]
    near = nearest(given, str(message).split("'")) if isinstance(given, str) else None
    guess = f"; did you mean '{near}'?" if near else ""
    where = ".".join(str(p) for p in place)
    return origin.error(place, f"{where}: {message}; given {_short(given)}{guess}")


def _kind(place: Place) -> str:
    if place[:1] == ("budget",):
        return "budget"
    if place[:1] == ("edges",) and len(place) > 2:
        return "condition" if "when" in place[:-1] else "edge"
    if place[:1] == ("nodes",) and place[2:3] == ("effort",) and len(place) > 3:
        return "effort"
    if place[:1] == ("nodes",) and len(place) > 2:
        return "node" if len(place) == 3 else "part"
    return "graph"


def _owner(place: Place) -> str:
    return f" ({place[0]} '{place[1]}')" if place[:1] == ("nodes",) and len(place) > 2 else ""


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
