"""Points of a sweep: figures with intervals, question by question."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest

from ragreason.datasets import Dataset
from ragreason.errors import EngineError
from ragreason.evaluation.answered import Answered
from ragreason.evaluation.evaluate import evaluate
from ragreason.evaluation.points import Point, as_rows, point_of_run
from ragreason.evaluation.statistics import bootstrap_interval
from ragreason.nodes.reason import FORCED_BY_DEPTH, FORCED_BY_SILENCE
from ragreason.types import Answer, Question, Usage

Ask = Callable[[Question], Awaitable[Answered]]


async def test_a_run_is_a_point_in_the_order_of_the_questions(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    async def flaky(question: Question) -> Answered:
        if question.id == "q0":
            raise EngineError("lost")
        return await ask(question)

    await evaluate(flaky, dataset, tmp_path)
    shuffled = (tmp_path / "results.jsonl").read_text(encoding="utf-8").splitlines()[::-1]
    (tmp_path / "results.jsonl").write_text("\n".join(shuffled) + "\n", encoding="utf-8")
    point = point_of_run(
        tmp_path, strategy="majority", use="majority", scales="n", budget=4, parameters={"n": 4}
    )
    assert (point.n, point.errors, point.forced, point.budget) == (19, 1, 1, 4)
    assert list(point.scores["em"]) == [i % 2 == 0 for i in range(1, 20)]
    assert point.ids == [f"q{i}" for i in range(1, 20)]
    assert set(point.costs["tokens"]) == {110.0}
    assert set(point.costs["calls"]) == {2.0}
    assert point.intervals["tokens"] == (110.0, 110.0, 110.0)


async def test_searches_that_reached_no_answer_are_told_from_other_bounds(
    dataset: Dataset, tmp_path: Path
) -> None:
    bounds = {"q0": FORCED_BY_DEPTH, "q1": FORCED_BY_SILENCE, "q2": "budget of tokens"}

    async def bounded(question: Question) -> Answered:
        if question.id not in bounds:
            return Answered(Answer(text="a"))
        return Answered(Answer(text="a", status="forced", forced_by=bounds[question.id]))

    await evaluate(bounded, dataset, tmp_path)
    point = point_of_run(tmp_path, strategy="mcts", use="mcts", scales="simulations", budget=1)
    assert (point.forced, point.unanswered) == (3, 2)


def test_intervals_are_those_of_the_bootstrap_over_questions() -> None:
    drawn = np.random.default_rng(0).normal(500, 100, 60)
    point = Point("beam", "width", 2, {"em": np.array([0.0, 1.0] * 30)}, {"tokens": drawn})
    assert point.intervals["tokens"] == bootstrap_interval(drawn)
    found = point.intervals["em"]
    assert found is not None
    assert found.low < found.value == 0.5 < found.high


def test_points_are_plain_json_and_without_questions_null() -> None:
    empty = Point("beam", "width", 2, {"em": np.empty(0)}, {"tokens": np.empty(0)}, errors=3)
    full = Point("beam", "width", 4, {"em": np.ones(2)}, {"tokens": np.array([1.0, 3.0])})
    first, second = json.loads(json.dumps(as_rows([empty, full]), allow_nan=False))
    assert (first["n"], first["errors"], first["scores"]) == (0, 3, {"em": None})
    assert second["scores"]["em"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert (second["strategy"], second["scales"], second["budget"]) == ("beam", "width", 4)
    assert second["costs"]["tokens"]["value"] == 2.0


async def test_every_array_has_every_question_and_what_the_cache_gave_took_no_time(
    dataset: Dataset, tmp_path: Path
) -> None:
    async def half_kept(question: Question) -> Answered:
        hits = int(question.id[1:]) % 2
        return Answered(Answer(text="a", usage=Usage(prompt_tokens=5, calls=1, cache_hits=hits)))

    await evaluate(half_kept, dataset, tmp_path)
    point = point_of_run(tmp_path, strategy="greedy", scales=None, budget=None)
    assert {len(values) for values in point.costs.values()} == {20}
    assert list(np.isnan(point.costs["latency_s"])) == [False, True] * 10
    mean = point.intervals["latency_s"]
    assert mean is not None
    assert mean.value == pytest.approx(np.nanmean(point.costs["latency_s"]))
    json.dumps(as_rows([point]), allow_nan=False)
