"""`--set place=value`: one field of a graph changed before it is validated.

retrieve.k=8                      a node's parameter
solve.strategy.simulations=32     a parameter of a part inside a node
rewrite->retrieve.at_most=5       an edge's field
budget.tokens=4000                a field of the file
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from ragreason.errors import ConfigError, GraphError, nearest
from ragreason.graph.definition import Definition, Place
from ragreason.graph.yaml import read_scalar

_TOP = frozenset(Definition.model_fields)


def apply_overrides(raw: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """A copy of `raw` with each override applied, in order; values are read as YAML.

    Raises ConfigError for a place that is not there.
    """
    changed = copy.deepcopy(dict(raw))
    for override in overrides:
        *way, last = find_place(override, changed)
        target: Any = changed
        for key in way:
            target = _step_into(target, key, override)
        if not isinstance(target, dict):
            raise ConfigError(f"--set {override}: '{last}' is inside a value without fields")
        try:
            target[str(last)] = read_scalar(override.partition("=")[2])
        except GraphError as error:
            raise ConfigError(f"--set {override}: {error.message}") from error
    return changed


def find_place(override: str, raw: Mapping[str, Any]) -> Place:
    """Where the override points, names of nodes and edges resolved."""
    key, equals, _ = override.partition("=")
    keys = tuple(k.strip() for k in key.split("."))
    if not equals or not all(keys):
        raise ConfigError(f"--set {override}: expected key=value, such as solve.strategy.n=8")
    if "->" in keys[0]:
        return ("edges", _edge_position(keys[0], raw, override), *keys[1:])
    if keys[0] in _TOP:
        return keys
    nodes = raw.get("nodes")
    names = sorted(nodes) if isinstance(nodes, dict) else []
    if keys[0] in names:
        return ("nodes", *keys)
    near = nearest(keys[0], names)
    guess = f"; did you mean '{near}'?" if near else ";"
    known = ", ".join([*names, "budget"])
    raise ConfigError(f"--set {override}: no node '{keys[0]}'{guess} known: {known}")


def _edge_position(name: str, raw: Mapping[str, Any], override: str) -> int:
    source, _, target = (part.strip() for part in name.partition("->"))
    known = []
    for i, edge in enumerate(raw.get("edges") or ()):
        ends = edge[:2] if isinstance(edge, list) else _ends(edge)
        if ends == [source, target]:
            return i
        known.append("->".join(str(end) for end in ends))
    near = nearest(name, known)
    guess = f"; did you mean '{near}'?" if near else ";"
    raise ConfigError(f"--set {override}: no edge '{name}'{guess} known: {', '.join(known)}")


def _ends(edge: Any) -> list[Any]:
    return [edge.get("from"), edge.get("to")] if isinstance(edge, dict) else []


def _step_into(target: Any, key: str | int, override: str) -> Any:
    """The value at `key`, short forms written out: a part's name, an edge's pair."""
    if isinstance(target, list) and isinstance(key, int):
        if isinstance(target[key], list):
            target[key] = dict(zip(("from", "to"), target[key], strict=False))
        return target[key]
    if not isinstance(target, dict):
        raise ConfigError(f"--set {override}: '{key}' is inside a value without fields")
    inner = target.get(str(key), {})
    if isinstance(inner, str):
        inner = {"level" if key == "effort" else "use": inner}
    target[str(key)] = inner
    return inner
