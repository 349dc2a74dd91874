"""Are the keys that go into a graph, and those that come out of it, keys of that graph?"""

from collections.abc import Collection, Iterator

from ragreason.errors import GraphError, nearest
from ragreason.graph.conditions import INITIAL, state_keys
from ragreason.graph.nested import Nested
from ragreason.graph.resolve import node_kind, resolve_node


def check_crossings(nested: Nested, allow_imports: Collection[str] = ()) -> Iterator[GraphError]:
    """Complaints about `in` that names no state key of the graph inside, and about `out` that names
    what nothing in there writes: both would be left out without a word.
    """
    for name, spec in nested.definition.nodes.items():
        place = ("nodes", name)
        inner = nested.inner.get(place)
        if inner is None:
            continue
        declared, written = _keys(inner, allow_imports)
        for field, keys, known in (
            ("in", spec.in_, declared),
            ("out", spec.out, written | set(spec.in_)),
        ):
            for key in keys:
                if key not in known:
                    near = nearest(key, known)
                    listed = ", ".join(sorted(known))
                    guess = f"did you mean '{near}'?" if near else f"known: {listed}"
                    lacks = "has no state key" if field == "in" else "writes no"
                    yield nested.definition.origin.error(
                        (*place, field),
                        f"graph '{inner.definition.name}' {lacks} '{key}'; {guess}",
                    )


def _keys(inner: Nested, allow_imports: Collection[str]) -> tuple[set[str], set[str]]:
    """The state keys of a graph, and those that have a value at its end."""
    declared, written = set(state_keys()), set(INITIAL)
    for name, spec in inner.definition.nodes.items():
        kind = node_kind(spec, resolve_node(inner.definition, name, allow_imports).cls)
        declared |= set(kind.keys)
        written |= kind.writes
    return declared, written
