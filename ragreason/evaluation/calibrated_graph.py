"""A graph file with the weights and limits that a calibration calls for."""

from pathlib import Path
from typing import Any

from ragreason.errors import ConfigError
from ragreason.evaluation.routing import Measured, Routing
from ragreason.evaluation.store import write_whole
from ragreason.graph.definition import Place
from ragreason.graph.edit import edited
from ragreason.graph.library import find_graph, read_nested, shipped_graphs
from ragreason.graph.yaml import read_text


def as_numbers(routing: Routing, measured: Measured) -> dict[str, Any]:
    """By fork its `weights` by feature, its `intercept`, and its `limits` by target."""
    return {
        node: {
            "weights": dict(zip(measured.names[node], estimate.weights, strict=True)),
            "intercept": estimate.intercept,
            "limits": dict(zip(measured.forks[node].targets, routing.limits[node], strict=False)),
        }
        for node, estimate in routing.estimates.items()
    }


def write_graph(graph: str, out: Path, routing: Routing, measured: Measured) -> None:
    """Write the graph's file with other weights, intercepts and limits, and nothing else changed.

    Raises ConfigError, before anything is written, for a graph that uses others by their paths if
    `out` lies in another folder: they would not be found from there.
    """
    source = find_graph(graph)
    check_out(graph, out)
    numbers = as_numbers(routing, measured)
    ends = [(edge.from_, edge.to) for edge in read_nested(graph).definition.edges]
    places: dict[Place, Any] = {}
    for node, fork in measured.forks.items():
        for name in ("weights", "intercept"):
            places["nodes", node, name] = numbers[node][name]
        for (kind, _), (target, limit) in zip(
            fork.tests, numbers[node]["limits"].items(), strict=True
        ):
            places["edges", ends.index((node, target)), "when", kind] = limit
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, edited(read_text(source), places))


def check_out(graph: str, out: Path) -> None:
    """Raise ConfigError where a graph could not be read from this place."""
    if out.parent.resolve() == find_graph(graph).parent.resolve():
        return
    shipped = {path.resolve() for path in shipped_graphs().values()}
    for place, inner in read_nested(graph).inner.items():
        path = inner.definition.origin.path
        if path is None or Path(path).resolve() not in shipped:
            raise ConfigError(
                f"{'.'.join(map(str, place))} uses {path} by its path; give an --out in the "
                "folder of the graph that is calibrated"
            )
