"""A sweep's points to the table of a compute-optimal search: how hard questions are is probed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ragreason.errors import ConfigError
from ragreason.evaluation.answered import Answered, Answerer, compact_trace
from ragreason.evaluation.candidates import Candidate, Setting
from ragreason.evaluation.graphs import Listener, Plan
from ragreason.evaluation.points import TOKENS, Point
from ragreason.evaluation.scale import evaluate_at, place
from ragreason.evaluation.store import read_rows, write_whole
from ragreason.runner import Runner
from ragreason.search.calibrate import Measured, calibrate
from ragreason.search.choices import NamedStrategy
from ragreason.traces import searches
from ragreason.tree import ROOT
from ragreason.types import Question

COMPUTE_OPTIMAL = "compute_optimal"
_DIFFICULTY = "difficulty"
_SCALE = 10_000
FEW_QUESTIONS = 100
"""Below it, which strategy is best at which difficulty is mostly chance."""


@dataclass(frozen=True)
class Probed:
    """Question id to difficulty, from 0 to 1, estimated by `probes` trajectories of at most
    `max_depth` steps (None: as many as a compute-optimal search takes by itself).
    """

    difficulties: Mapping[str, float]
    probes: int
    max_depth: int | None = None


def check_choices(settings: Sequence[Setting]) -> None:
    """Raise ConfigError for a setting that can't be a choice of a compute-optimal search."""
    nodes = {setting.candidate.node for setting in settings}
    if len(nodes) > 1:
        raise ConfigError("a table is calibrated for one node; sweep strategies of one only")
    for setting in settings:
        try:
            NamedStrategy(use=setting.candidate.name, **setting.parameters)
        except ValidationError as error:
            told = error.errors()[0]["msg"]
            raise ConfigError(f"--strategy {setting.candidate.label}: {told}") from error


def probing(probes: int, node: str | None = None, max_depth: int | None = None) -> Setting:
    """A compute-optimal search that goes no further than its probes."""
    longest = {} if max_depth is None else {"max_depth": max_depth}
    stop = {"at_most": 1.0, "strategy": {"use": "majority", "n": probes, **longest}}
    parameters = {"probes": probes, "choices": [stop], **longest}
    return Setting(Candidate(COMPUTE_OPTIMAL, parameters, node))


async def probe_graph(
    graph: str, node: str | None, probes: int, plan: Plan, listener: Listener | None = None
) -> Probed:
    """How hard a compute-optimal search in the graph's node would find each question, with the same
    seed. Rows are kept in `plan.out/probes-N`, as an evaluation's are;
    questions that failed or were stopped by a budget are left out.
    """
    placed = place(graph, probing(probes, node), plan)
    max_depth = placed.parameters.get("max_depth")
    placed = place(graph, probing(probes, node, max_depth), plan)
    here = replace(plan, answering=partial(_answering, placed.node))
    name = f"probes-{probes}"
    folder = await evaluate_at(graph, placed.overrides, name, here, listener or Listener())
    found = {row["id"]: _kept(row) for row in read_rows(folder)}
    known = {question: value for question, value in found.items() if value is not None}
    return Probed(known, probes, max_depth)


def _answering(node: str, runner: Runner, seed: int) -> Answerer:
    """Answers as the runner does; the trace says how hard the probes found the question."""

    async def answer(question: Question) -> Answered:
        run = await runner.answer(question, seed=seed)
        first = next((s for s in searches(run.events) if s.node == node), None)
        ease = first.nodes[ROOT].value if first is not None else None
        told = [] if ease is None else [{"kind": _DIFFICULTY, "text": repr(1 - ease)}]
        return Answered(run.answer, (*compact_trace(run.events), *told))

    return answer


def _kept(row: Mapping[str, Any]) -> float | None:
    texts = [entry["text"] for entry in row["trace"] if entry["kind"] == _DIFFICULTY]
    return float(texts[0]) if texts else None


def shared_questions(points: Sequence[Point], probed: Probed) -> set[str]:
    """Ids of the questions that have a difficulty and that every point answered."""
    return set(probed.difficulties).intersection(*(point.ids for point in points))


def calibrated(
    points: Sequence[Point], probed: Probed, metric: str, *, max_tokens: float, bins: int
) -> dict[str, Any]:
    """The compute-optimal strategy that the points call for, as a graph file says it.

    Only `shared_questions` count. Limits are rounded up to 4 decimals, so that a question on a
    limit keeps its choice; of limits that become equal the last stays. Raises ConfigError as
    `search.calibrate` does.
    """
    shared = shared_questions(points, probed)
    hard = {question: probed.difficulties[question] for question in shared}
    measured = [row for point in points for row in _measured(point, hard, metric)]
    table = calibrate(measured, max_tokens=max_tokens, bins=bins)
    choices = {_rounded(choice.at_most): choice.strategy.model_dump() for choice in table}
    return {
        "use": COMPUTE_OPTIMAL,
        "probes": probed.probes,
        **({} if probed.max_depth is None else {"max_depth": probed.max_depth}),
        "choices": [{"at_most": at, "strategy": chosen} for at, chosen in choices.items()],
    }


def _rounded(limit: float) -> float:
    """Up, and never past 1."""
    return min(ceil(limit * _SCALE) / _SCALE, 1.0)


def _measured(point: Point, difficulties: Mapping[str, float], metric: str) -> Iterator[Measured]:
    strategy = NamedStrategy(use=point.use, **point.parameters)
    columns = zip(point.ids, point.scores[metric], point.costs[TOKENS], strict=True)
    for question, score, tokens in columns:
        if question in difficulties:
            yield Measured(
                question=question,
                difficulty=difficulties[question],
                strategy=strategy,
                score=score,
                tokens=tokens,
            )


def write_strategy(path: Path, strategy: Mapping[str, Any], comment: str) -> None:
    """Write YAML to be pasted below a node's `strategy:`, or given to `--set`."""
    text = yaml.safe_dump(dict(strategy), sort_keys=False, default_flow_style=None)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, f"# {comment}\n{text}")
