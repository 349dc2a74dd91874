"""Accuracy against cost: what a strategy scored and spent at one budget, question by question."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ragreason.evaluation.compare import read_runs
from ragreason.evaluation.rows import is_error
from ragreason.evaluation.statistics import Floats, Interval, bootstrap_interval
from ragreason.evaluation.store import run_key, write_whole
from ragreason.evaluation.summary import versions
from ragreason.nodes.reason import FORCED_BY_DEPTH, FORCED_BY_SILENCE
from ragreason.types import Usage

TOKENS = "tokens"
_UNANSWERED = {FORCED_BY_DEPTH, FORCED_BY_SILENCE}


@dataclass(frozen=True)
class Point:
    """A strategy at one budget, measured on questions; every array is (questions,), one order.

    `strategy` is its label; `use` its registered name, with all `parameters` that it was given;
    `scales` the one that the budget set (None where it has none). `ids` are the questions'.
    `scores` hold at least one metric in [0, 1]; `costs` hold at least `tokens`, all of them a
    question: prompt, completion, verifier. What was not measured of a question is not a number
    there, and no part of a mean. `errors` questions failed and are in no array; `forced`
    ones were ended by a bound, `unanswered` ones of these because no trajectory reached an answer.
    """

    strategy: str
    scales: str | None
    budget: int | None
    scores: Mapping[str, Floats]
    costs: Mapping[str, Floats]
    ids: Sequence[str] = ()
    errors: int = 0
    forced: int = 0
    unanswered: int = 0
    folder: Path | None = None
    use: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """How many questions the arrays are over."""
        return len(self.costs[TOKENS])

    @cached_property
    def intervals(self) -> Mapping[str, Interval | None]:
        """Mean of each score and cost with its 95 % bootstrap interval; None without questions."""
        return {name: _interval(values) for name, values in {**self.scores, **self.costs}.items()}


def _interval(values: Floats) -> Interval | None:
    values = values[~np.isnan(values)]
    if not values.size:
        return None
    if np.all(values == values[0]):  # whatever is drawn has this mean
        return Interval(*[float(values[0])] * 3)
    return bootstrap_interval(values)


def point_of_run(folder: Path, **setting: Any) -> Point:
    """The point that a finished evaluation's folder holds; `setting` has the fields that the folder
    does not tell.
    """
    (run,) = read_runs([folder])
    answered = [r for r in run.rows.values() if not is_error(r) and r["em"] is not None]
    rows = sorted(answered, key=lambda row: row["position"])  # they were written as they came
    usages = [Usage.model_validate(row["usage"]) for row in rows]
    costs: dict[str, Sequence[float]] = {
        TOKENS: [usage.tokens for usage in usages],
        "calls": [usage.calls for usage in usages],
        "latency_s": [_latency_s(row) for row in rows],
    }
    return Point(
        scores={name: _array([row[name] for row in rows]) for name in ("em", "f1")},
        costs={name: _array(values) for name, values in costs.items()},
        ids=[row["id"] for row in rows],
        errors=run.summary["errors"],
        forced=run.summary["forced"],
        unanswered=sum(row["forced_by"] in _UNANSWERED for row in rows),
        folder=folder,
        **setting,
    )


def _latency_s(row: Mapping[str, Any]) -> float:
    """Not a number where the response cache gave replies: no time was measured then."""
    return math.nan if row["usage"].get("cache_hits") else float(row["latency_s"])


def _array(values: Sequence[float]) -> Floats:
    return np.asarray(values, dtype=np.float64)


def as_rows(points: Sequence[Point]) -> list[dict[str, Any]]:
    """The points as plain JSON: each figure as `value`, `low`, `high`."""
    return [_row(point) for point in points]


def _row(point: Point) -> dict[str, Any]:
    figures = {
        name: None if interval is None else interval._asdict()
        for name, interval in point.intervals.items()
    }
    return {
        "strategy": point.strategy,
        "use": point.use,
        "parameters": dict(point.parameters),
        "scales": point.scales,
        "budget": point.budget,
        "n": point.n,
        "errors": point.errors,
        "forced": point.forced,
        "unanswered": point.unanswered,
        "scores": {name: figures[name] for name in point.scores},
        "costs": {name: figures[name] for name in point.costs},
        "folder": None if point.folder is None else point.folder.name,
    }


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
