"""The graphs that ship, and the user's own: finding, listing, reading with everything they use."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from ragreason.errors import ConfigError, GraphError, UnknownNameError
from ragreason.graph.checks import check_graph
from ragreason.graph.crossings import check_crossings
from ragreason.graph.definition import Definition, NodeSpec, Paradigm, Part, Place
from ragreason.graph.nested import Nested
from ragreason.graph.read import read_graph
from ragreason.graph.resolve import inner_parts
from ragreason.graph.samples import check_samples

SUFFIXES = (".yaml", ".yml")
MAX_NESTING = 5


def shipped_folder() -> Path:
    """Where the library lies: in an installed wheel, or in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_data" / "graphs"
    return installed if installed.is_dir() else package.parent / "graphs"


def shipped_graphs() -> dict[str, Path]:
    """Name to file of every graph that ships, sorted by name."""
    files = sorted(p for p in shipped_folder().glob("*") if p.suffix in SUFFIXES)
    return {path.stem: path for path in files}


def by_paradigm() -> dict[Paradigm, list[Definition]]:
    """The shipped graphs of each paradigm, by name, baselines first."""
    graphs = [read_graph(path) for path in shipped_graphs().values()]
    return {p: [g for g in graphs if g.paradigm == p] for p in get_args(Paradigm)}


def find_graph(name_or_path: str | Path, near: Path | None = None) -> Path:
    """The file of a shipped name, or of a path; relative ones from `near`, else from here.

    Raises UnknownNameError with the nearest shipped name, GraphError for a path without a file.
    """
    text = str(name_or_path)
    path = Path(text).expanduser()
    if near is not None and not path.is_absolute():
        path = near / path
    looks_like_path = path.suffix in SUFFIXES or "/" in text or isinstance(name_or_path, Path)
    if looks_like_path:
        if path.is_file():
            return path
        reason = "is a folder" if path.is_dir() else "no such file"
        raise GraphError(f"{reason}; expected a graph's YAML file or a name", path=text)
    graphs = shipped_graphs()
    if text not in graphs:
        raise UnknownNameError("graph", text, graphs, "or give the path of a YAML file")
    return graphs[text]


def read_nested(
    name_or_path: str | Path | Definition,
    overrides: Sequence[str] = (),
    allow_imports: Collection[str] = (),
    verifiers: Collection[str] = (),
) -> Nested:
    """Read a graph and those that it uses, and check them all. Raises the first error.

    `verifiers` are names of verifiers given at run time.
    """
    if isinstance(name_or_path, Definition):
        definition = name_or_path
        if overrides:
            raise ConfigError("overrides need a graph's name or file, not a Definition")
    else:
        definition = read_graph(find_graph(name_or_path), overrides)
    return _nest(definition, allow_imports, verifiers, ())


def _nest(
    definition: Definition,
    allow: Collection[str],
    verifiers: Collection[str],
    trail: tuple[str, ...],
) -> Nested:
    errors = check_graph(definition, allow, verifiers)
    if errors:
        raise errors[0]
    trail = (*trail, _identity(definition))
    inner = {}
    for place, spec in users_of_graphs(definition):
        found = _read_inner(definition, place, spec, trail)
        inner[place] = _nest(found, allow, verifiers, trail)
    nested = Nested(definition, inner)
    for error in (*check_crossings(nested, allow), *check_samples(nested, allow)):
        raise error
    return nested


def _read_inner(
    outer: Definition, place: Place, spec: NodeSpec | Part, trail: tuple[str, ...]
) -> Definition:
    origin, name = outer.origin, str(spec.graph)
    near = Path(origin.path).parent if origin.path is not None else None
    try:
        path = find_graph(name, near)
    except ConfigError as error:
        raise origin.error((*place, "graph"), str(error)) from error
    if str(path.resolve()) in trail:
        raise origin.error((*place, "graph"), f"graph '{name}' uses itself, by way of this node")
    if len(trail) >= MAX_NESTING:
        raise origin.error((*place, "graph"), f"graphs are nested more than {MAX_NESTING} deep")
    try:
        return read_graph(path, inner_overrides(spec))
    except GraphError:
        raise
    except ConfigError as error:  # a place that `set` names and that is not there
        raise origin.error((*place, "set"), str(error).removeprefix("--")) from error


def inner_overrides(spec: NodeSpec | Part) -> list[str]:
    """What a part's `set` changes in the graph that it uses, as texts like those of `--set`."""
    return [f"{key}={json.dumps(value)}" for key, value in _flat(spec.parameters.get("set") or {})]


def _flat(fields: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in fields.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _identity(definition: Definition) -> str:
    path = definition.origin.path
    return str(Path(path).resolve()) if path is not None else f"<{definition.name}>"


def users_of_graphs(definition: Definition) -> Iterator[tuple[Place, NodeSpec | Part]]:
    """Every node, and every part inside a node, that uses a graph, with its place."""
    pending: list[tuple[Place, NodeSpec | Part]] = [
        (("nodes", name), spec) for name, spec in definition.nodes.items()
    ]
    while pending:
        place, spec = pending.pop(0)
        if spec.graph is not None:
            yield place, spec
        pending += [(inside, part) for _, part, inside in inner_parts(spec, place)]


def validate_graph(
    name_or_path: str | Path, allow_imports: Collection[str] = ()
) -> list[ConfigError]:
    """Everything that is wrong with a graph and, if nothing is, with the graphs that it uses."""
    try:
        definition = read_graph(find_graph(name_or_path))
        errors: list[ConfigError] = [*check_graph(definition, allow_imports)]
        if not errors:
            _nest(definition, allow_imports, (), ())
    except ConfigError as error:
        return [error]
    return errors
