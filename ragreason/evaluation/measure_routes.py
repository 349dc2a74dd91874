"""Run a graph along each of its routes: what each scores and costs, question by question."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from ragreason.errors import ConfigError
from ragreason.evaluation.graphs import Listener, Plan
from ragreason.evaluation.routes import (
    DIFFICULTY,
    Fork,
    Route,
    all_routes,
    find_forks,
    overrides_of,
)
from ragreason.evaluation.routing import Measured
from ragreason.evaluation.rows import Row, is_error
from ragreason.evaluation.scale import engines_of, evaluate_at, sweep_identity
from ragreason.evaluation.store import read_rows, run_key
from ragreason.generation.open import open_engine
from ragreason.graph.library import read_nested
from ragreason.nodes.difficulty import USUAL
from ragreason.nodes.features import read_told
from ragreason.types import Usage


async def measure_routes(
    graph: str, plans: Sequence[Plan], metric: str = "f1", listener: Listener | None = None
) -> tuple[Measured, list[Path]]:
    """Evaluate the graph on each plan's data, once along each route, in a folder of its own:
    resumable, as each evaluation is. Gives what was measured, and where each plan's folders lie.

    Only questions that no route failed count. Raises ConfigError for a graph that no difficulty
    node decides in, before any question is asked, and for a question that a budget ended before a
    node that decides.
    """
    first = plans[0]
    allowed = first.parts.get("allow_imports", ())
    definition = read_nested(graph, first.overrides, allowed).definition
    forks = find_forks(definition)
    routes = all_routes(definition, forks)
    folders = [plan.out or _folder(graph, plan) for plan in plans]
    runs: list[Mapping[Route, Row]] = []
    async with AsyncExitStack() as stack:
        for engine in engines_of(first).values():
            if isinstance(engine, str):  # held open, so that no route loads the weights again
                stack.push_async_callback(open_engine(engine, first.settings).aclose)
        for plan, folder in zip(plans, folders, strict=True):
            here = replace(plan, out=folder)
            runs += await _measured(graph, routes, forks, here, listener or Listener())
    return gathered(routes, forks, runs, metric), folders


async def _measured(
    graph: str, routes: Sequence[Route], forks: Mapping[str, Fork], plan: Plan, listener: Listener
) -> list[Mapping[Route, Row]]:
    """The rows of each question that no route failed, in the order of the data."""
    rows: dict[Route, dict[str, Row]] = {}
    for route in routes:
        overrides = [*plan.overrides, *overrides_of(route, forks)]
        folder = await evaluate_at(graph, overrides, route.name, plan, listener)
        rows[route] = {row["id"]: row for row in read_rows(folder) if not is_error(row)}
    chosen = plan.dataset.examples[plan.offset :][: plan.limit]
    ids = [example.question.id for example in chosen]
    return [
        {route: found[i] for route, found in rows.items()}
        for i in ids
        if all(i in found for found in rows.values())
    ]


def _folder(graph: str, plan: Plan) -> Path:
    identity = sweep_identity(graph, plan)
    key = run_key({name: str(value) for name, value in identity.items()})
    name = f"calibrate-{identity['graph']}-{identity['dataset']}-{key}"
    return plan.settings.resolved_home() / "evaluations" / name


def gathered(
    routes: Sequence[Route],
    forks: Mapping[str, Fork],
    questions: Sequence[Mapping[Route, Row]],
    metric: str,
) -> Measured:
    """Rows as arrays. A feature that is not known of a question counts as it usually is."""
    names, features = {}, {}
    for node in forks:
        told = [_told(rows, node) for rows in questions]
        names[node] = list(dict.fromkeys(name for found in told for name in found))
        usual: Mapping[str, float] = {str(name): value for name, value in USUAL.items()}
        features[node] = np.array(
            [[found.get(n, usual.get(n, 0.0)) for n in names[node]] for found in told]
        )
    return Measured(
        routes=routes,
        forks=forks,
        ids=[rows[routes[0]]["id"] for rows in questions],
        scores=np.array([[rows[r][metric] for rows in questions] for r in routes], float),
        tokens=np.array([[_tokens(rows[r]) for rows in questions] for r in routes], float),
        names=names,
        features=features,
    )


def _tokens(row: Row) -> int:
    return Usage.model_validate(row["usage"]).tokens


def _told(rows: Mapping[Route, Row], node: str) -> dict[str, float]:
    """The features that the node told of, on the first route that passes it."""
    for row in rows.values():
        for entry in row["trace"]:
            if (entry["kind"], entry["node"]) == (DIFFICULTY, node):
                return read_told(entry["text"])
    (row, *_) = rows.values()
    raise ConfigError(
        f"question '{row['id']}' never reached the node '{node}': a budget stopped it; raise it, "
        "as by --set budget.tokens=100000"
    )
