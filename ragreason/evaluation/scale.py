"""Test-time scaling: several strategies over a range of budgets, each point an evaluation."""

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ragreason import registry
from ragreason.errors import ConfigError, GraphError
from ragreason.evaluation.candidates import Candidate, Setting
from ragreason.evaluation.graphs import Listener, Plan, evaluate_graphs
from ragreason.evaluation.points import Point, Sweep, default_folder, point_of_run
from ragreason.evaluation.rows import Row
from ragreason.generation.open import open_engine
from ragreason.graph.definition import Definition, Part
from ragreason.graph.library import read_nested
from ragreason.graph.resolve import resolve_node
from ragreason.protocols import Generator

_ADVISED = "groundedness"
"""A verifier that scores steps and trajectories and needs nothing that a graph may lack."""


@dataclass(frozen=True)
class Placed:
    """A setting in a graph's node: all parameters that its strategy gets there, and the `--set`
    texts that give them.
    """

    setting: Setting
    node: str
    parameters: Mapping[str, Any]
    overrides: Sequence[str]


async def scale_graph(
    graph: str, settings: Sequence[Setting], plan: Plan, listener: Listener | None = None
) -> Sweep:
    """Evaluate the graph at each setting, in a folder of its own: resumable, as each evaluation is.

    The folders lie in `plan.out`; without it, in one of the settings' home that is named by what
    determines the sweep. Raises ConfigError before any question is asked.
    """
    placed = [place(graph, setting, plan) for setting in settings]
    identity = sweep_identity(graph, plan)
    folder = plan.out or default_folder(identity, plan.settings.resolved_home())
    here = replace(plan, out=folder)
    async with AsyncExitStack() as stack:
        for engine in engines_of(plan).values():
            if isinstance(engine, str):  # held open, so that no point loads the weights again
                stack.push_async_callback(open_engine(engine, plan.settings).aclose)
        points = [await _point(graph, one, here, listener or Listener()) for one in placed]
    return Sweep(points, identity, folder)


async def _point(graph: str, placed: Placed, plan: Plan, listener: Listener) -> Point:
    setting = placed.setting
    return point_of_run(
        await evaluate_at(graph, placed.overrides, setting.name, plan, listener),
        strategy=setting.candidate.label,
        use=setting.candidate.name,
        parameters=placed.parameters,
        scales=setting.scales,
        budget=setting.budget,
    )


async def evaluate_at(
    graph: str, overrides: Sequence[str], name: str, plan: Plan, listener: Listener
) -> Path:
    """Evaluate the graph with these overrides in `plan.out/NAME`; gives that folder."""
    out = None if plan.out is None else plan.out / name
    here = replace(plan, out=out, overrides=overrides)
    (run,) = await evaluate_graphs([graph], here, _Named(listener, name))
    return run.folder


def place(graph: str, setting: Setting, plan: Plan) -> Placed:
    """Put the setting's strategy into the graph.

    Parameters of the graph's own strategy stay where the other one has them too and the setting
    does not set them, so that, say, `max_depth` is the same for all. Raises ConfigError for what
    the graph can't run.
    """
    allowed = plan.parts.get("allow_imports", ())
    definition = read_nested(graph, plan.overrides, allowed).definition
    node = _node(definition, setting.candidate, allowed)
    own = definition.nodes[node].strategy or Part(use="greedy")
    cls = registry.load("strategies", setting.candidate.name, allowed)
    common = registry.parameters(cls).model_fields.keys() & own.parameters.keys()
    kept = {name: own.parameters[name] for name in sorted(common)}
    parameters = {**kept, **setting.parameters}
    where = f"{node}.strategy"
    own_overrides = [
        f"{where}={setting.candidate.name}",
        *(f"{where}.{name}={json.dumps(value)}" for name, value in parameters.items()),
    ]
    overrides = [*plan.overrides, *own_overrides]
    wrong = _wrong(graph, overrides, allowed)
    if wrong is None:
        return Placed(setting, node, parameters, overrides)
    if wrong.path not in {f"--set {text}" for text in own_overrides}:
        raise wrong
    guided = f"{node}.verifier={_ADVISED}"
    mended = _wrong(graph, [*overrides, guided], allowed)
    way_out = "" if str(mended) == str(wrong) else f"; add --set {guided}"
    told = f"--strategy {setting.candidate.label}: {wrong.message}{way_out}"
    raise ConfigError(told) from wrong


def _wrong(graph: str, overrides: Sequence[str], allowed: Collection[str]) -> GraphError | None:
    """What is wrong with the graph after these overrides."""
    try:
        read_nested(graph, overrides, allowed)
    except GraphError as error:
        return error
    return None


def sweep_identity(graph: str, plan: Plan) -> dict[str, Any]:
    """What determines a sweep's figures beside its settings."""
    nested = read_nested(graph, plan.overrides, plan.parts.get("allow_imports", ()))
    return {
        "graph": nested.definition.name,
        "graph_hash": nested.hash,
        "dataset": plan.dataset.name,
        "data_hash": plan.dataset.data_hash,
        "models": {name: _name(engine) for name, engine in engines_of(plan).items()},
        "retriever": plan.parts.get("retriever") or plan.settings.retriever,
        "overrides": " ".join(plan.overrides),
        "seed": plan.seed,
    }


def engines_of(plan: Plan) -> dict[str, str | Generator]:
    """The plan's engines, or their names, by the names that graphs give them."""
    main = plan.parts.get("model") or plan.settings.model
    return {"main": main, **plan.parts.get("models", {})}


def _name(engine: str | Generator) -> str:
    return engine if isinstance(engine, str) else engine.name


def _node(definition: Definition, candidate: Candidate, allowed: Collection[str]) -> str:
    able = [n for n in definition.nodes if "strategy" in resolve_node(definition, n, allowed).takes]
    if candidate.node is None and len(able) == 1:
        return able[0]
    if candidate.node in able:
        return str(candidate.node)
    if not able:
        raise ConfigError(
            f"graph '{definition.name}' has no node that takes a strategy; "
            "`ragreason graph show react` shows one that has"
        )
    listed = " or ".join(replace(candidate, node=node).label for node in able)
    raise ConfigError(f"--strategy {candidate.label}: say for which node: {listed}")


class _Named(Listener):
    """Tells another listener of a point's evaluation under the point's name."""

    def __init__(self, inner: Listener, name: str) -> None:
        self.inner = inner
        self.name = name

    def on_start(self, graph: str, total: int, done: int) -> None:  # noqa: ARG002
        self.inner.on_start(self.name, total, done)

    def on_row(self, graph: str, row: Row) -> None:  # noqa: ARG002
        self.inner.on_row(self.name, row)

    def on_index(self, done: int, total: int) -> None:
        self.inner.on_index(done, total)

    def on_note(self, text: str) -> None:
        self.inner.on_note(text)
