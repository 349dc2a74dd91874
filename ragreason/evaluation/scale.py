"""Test-time scaling: several strategies over a range of budgets, each point an evaluation."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ragreason import registry
from ragreason.errors import ConfigError, GraphError
from ragreason.evaluation.graphs import Listener, Plan, evaluate_graphs
from ragreason.evaluation.points import Point, as_rows, point_of_run
from ragreason.evaluation.rows import Row
from ragreason.evaluation.store import run_key, write_whole
from ragreason.evaluation.summary import versions
from ragreason.generation.open import open_engine
from ragreason.graph.definition import Definition, Part
from ragreason.graph.library import read_nested
from ragreason.graph.resolve import resolve_node
from ragreason.graph.yaml import read_scalar
from ragreason.protocols import Generator


@dataclass(frozen=True)
class Choice:
    """A strategy to sweep: its name, parameters that stay, and the graph's node that it is for
    (None: the only one that takes a strategy).
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    node: str | None = None

    @property
    def label(self) -> str:
        """As it was given: `beam:branching=4`."""
        given = ",".join(f"{name}={_plain(value)}" for name, value in self.parameters.items())
        return self.name + (f":{given}" if given else "")


@dataclass(frozen=True)
class Setting:
    """A strategy at one budget; `scales` is the parameter that the budget sets.

    Both are None for a strategy that no budget scales, such as greedy.
    """

    choice: Choice
    scales: str | None = None
    budget: int | None = None

    @property
    def name(self) -> str:
        """What folders and progress call it: `beam_branching=4-8`."""
        label = re.sub(r"[^\w.=,-]", "_", self.choice.label)
        return label if self.budget is None else f"{label}-{self.budget}"

    @property
    def parameters(self) -> dict[str, Any]:
        """The choice's, and the budget's."""
        scaled = {} if self.scales is None else {self.scales: self.budget}
        return {**self.choice.parameters, **scaled}


def parse_choice(text: str) -> Choice:
    """`beam`, `beam:branching=4,max_depth=6`, or `NODE=beam` for one node of several.

    Values are read as YAML. Raises ConfigError for parameters that are not NAME=VALUE.
    """
    head, colon, tail = text.rpartition(":")
    if not colon or "=" not in tail:  # no parameters; a colon is that of "module:attr"
        head, tail = text, ""
    node, _, name = head.rpartition("=")
    pairs = [part.partition("=") for part in re.split(r",(?=\w+=)", tail)] if tail else []
    if (
        not name
        or name.endswith(":")
        or not all(key.isidentifier() and value for key, _, value in pairs)
    ):
        raise ConfigError(f"--strategy {text}: expected NAME or NAME:PARAMETER=VALUE,...")
    try:
        parameters = {key: read_scalar(value) for key, _, value in pairs}
    except GraphError as error:
        raise ConfigError(f"--strategy {text}: {error.message}") from error
    return Choice(name, parameters, node or None)


def parse_budgets(text: str) -> tuple[int, ...]:
    """`1,2,4,8` in ascending order, each once. Raises ConfigError for anything but such numbers."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise ConfigError(f"--budget {text}: expected whole numbers above 0, such as 1,2,4,8")
    return tuple(sorted({int(part) for part in parts}))


def all_settings(
    choices: Sequence[Choice], budgets: Sequence[int], allow_imports: Collection[str] = ()
) -> list[Setting]:
    """Each strategy at each budget; one that no budget scales once.

    Raises ConfigError for an unknown strategy, one given twice, and a parameter that is fixed
    although the budget is to set it.
    """
    labels = [(choice.node, choice.label) for choice in choices]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise ConfigError(f"--strategy {twice[1]} is given twice")
    return [s for choice in choices for s in _settings(choice, budgets, allow_imports)]


def _settings(
    choice: Choice, budgets: Sequence[int], allow_imports: Collection[str]
) -> Iterator[Setting]:
    cls = registry.load("strategies", choice.name, allow_imports)
    scales: str | None = getattr(cls, "scales", None)
    if scales is None:
        yield Setting(choice)
        return
    if scales in choice.parameters:
        raise ConfigError(f"--strategy {choice.label}: '{scales}' is what --budget sets; leave it")
    for budget in budgets:
        yield Setting(choice, scales, budget)


@dataclass(frozen=True)
class Sweep:
    """All points of a sweep; `identity` holds what determines them beside their settings."""

    points: Sequence[Point]
    identity: Mapping[str, Any]
    folder: Path

    @property
    def title(self) -> str:
        """What was swept, over how many questions."""
        data = self.identity.get("dataset")
        where = f" on {data}" if data else ""
        most = max((point.n for point in self.points), default=0)
        return f"{self.identity['graph']}{where}, {most:,} questions"


def as_document(sweep: Sweep) -> dict[str, Any]:
    """The document of `scale.json`."""
    return {**sweep.identity, "versions": versions(), "points": as_rows(sweep.points)}


def save(sweep: Sweep) -> Path:
    """Write `scale.json` into the sweep's folder; gives its path."""
    sweep.folder.mkdir(parents=True, exist_ok=True)
    path = sweep.folder / "scale.json"
    text = json.dumps(as_document(sweep), ensure_ascii=False, indent=2, allow_nan=False)
    write_whole(path, text + "\n")
    return path


def default_folder(identity: Mapping[str, Any], home: Path) -> Path:
    """Where a sweep goes that is not told: named by what determines it."""
    key = run_key({name: str(value) for name, value in identity.items()})
    data = identity.get("dataset")
    name = "-".join(["scale", str(identity["graph"]), *([str(data)] if data else []), key])
    return home / "evaluations" / name


async def scale_graph(
    graph: str, settings: Sequence[Setting], plan: Plan, listener: Listener | None = None
) -> Sweep:
    """Evaluate the graph at each setting, in a folder of its own: resumable, as each evaluation is.

    The folders lie in `plan.out`; without it, in one of the settings' home that is named by what
    determines the sweep.

    Parameters of the graph's own strategy stay where the other one has them too and the setting
    does not set them, so that, say, `max_depth` is the same for all. Raises ConfigError before any
    question is asked.
    """
    listener = listener or Listener()
    allowed = plan.parts.get("allow_imports", ())
    overrides = [[*plan.overrides, *_overrides(graph, s, plan)] for s in settings]
    for given in overrides:
        read_nested(graph, given, allowed)
    identity = _identity(graph, plan)
    folder = plan.out or default_folder(identity, plan.settings.resolved_home())
    points = []
    async with AsyncExitStack() as stack:
        for engine in _engines(plan).values():
            if isinstance(engine, str):  # held open, so that no point loads the weights again
                stack.push_async_callback(open_engine(engine, plan.settings).aclose)
        for setting, given in zip(settings, overrides, strict=True):
            here = replace(plan, out=folder / setting.name, overrides=given)
            (run,) = await evaluate_graphs([graph], here, _Named(listener, setting.name))
            label, scaled = setting.choice.label, (setting.scales, setting.budget)
            points.append(point_of_run(run.folder, label, *scaled, setting.parameters))
    return Sweep(points, identity, folder)


def _identity(graph: str, plan: Plan) -> dict[str, Any]:
    nested = read_nested(graph, plan.overrides, plan.parts.get("allow_imports", ()))
    return {
        "graph": nested.definition.name,
        "graph_hash": nested.hash,
        "dataset": plan.dataset.name,
        "data_hash": plan.dataset.data_hash,
        "models": {name: _name(engine) for name, engine in _engines(plan).items()},
        "retriever": plan.parts.get("retriever") or plan.settings.retriever,
        "overrides": " ".join(plan.overrides),
        "seed": plan.seed,
    }


def _engines(plan: Plan) -> dict[str, str | Generator]:
    main = plan.parts.get("model") or plan.settings.model
    return {"main": main, **plan.parts.get("models", {})}


def _name(engine: str | Generator) -> str:
    return engine if isinstance(engine, str) else engine.name


def _overrides(graph: str, setting: Setting, plan: Plan) -> list[str]:
    """The `--set` texts that put the strategy into the graph."""
    allowed = plan.parts.get("allow_imports", ())
    definition = read_nested(graph, plan.overrides, allowed).definition
    node = _node(definition, setting.choice, allowed)
    own = definition.nodes[node].strategy or Part(use="greedy")
    cls = registry.load("strategies", setting.choice.name, allowed)
    common = registry.parameters(cls).model_fields.keys() & own.parameters.keys()
    kept = {name: own.parameters[name] for name in sorted(common)}
    place = f"{node}.strategy"
    parameters = {**kept, **setting.parameters}
    return [
        f"{place}={setting.choice.name}",
        *(f"{place}.{name}={json.dumps(value)}" for name, value in parameters.items()),
    ]


def _node(definition: Definition, choice: Choice, allowed: Collection[str]) -> str:
    able = [n for n in definition.nodes if "strategy" in resolve_node(definition, n, allowed).takes]
    if choice.node is None and len(able) == 1:
        return able[0]
    if choice.node in able:
        return str(choice.node)
    if not able:
        raise ConfigError(
            f"graph '{definition.name}' has no node that takes a strategy; "
            "`ragreason graph show react` shows one that has"
        )
    listed = " or ".join(f"{node}={choice.label}" for node in able)
    raise ConfigError(f"--strategy {choice.label}: say for which node: {listed}")


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


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
