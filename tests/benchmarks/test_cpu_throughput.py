"""Lockstep, and what is made of measured times."""

import asyncio
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ragreason.protocols import Where
from ragreason.types import Hit

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("cpu_throughput")


class Finder:
    name = "finder"

    def __init__(self) -> None:
        self.found: list[str] = []

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        self.found += queries
        return [[] for _ in queries]


async def test_in_lockstep_the_first_search_waits_for_the_last_question(bench: Any) -> None:
    finder = Finder()
    lockstep = bench.Lockstep(finder, 3)
    first, second = (asyncio.create_task(lockstep.retrieve([q], 1)) for q in "ab")
    await asyncio.sleep(0)
    assert finder.found == []
    lockstep.leave()
    await asyncio.gather(first, second)
    assert finder.found == ["a", "b"]


def test_times_that_the_rates_explain_wholly_give_the_speed_up_that_they_allow(bench: Any) -> None:
    courses = [[bench.Call(100, 10)], [bench.Call(50, 10)]]
    rates = bench.Rates(0.01, {1.0: 0.1, 2.0: 0.15})
    found = {
        way: {
            "courses": courses,
            "seconds": time_of(courses, rates),
            "rates": {"read_s": rates.read_s, "steps_s": rates.steps_s},
        }
        for way, time_of in bench.WAYS.items()
    }
    row = bench.summary("m", found)
    assert row["of_allowed"] == pytest.approx(1)
    assert row["explained"] == pytest.approx(dict.fromkeys(bench.WAYS, 1.0))
    assert row["speed_up"] == pytest.approx((150 * 0.01 + 20 * 0.1) / (150 * 0.01 + 10 * 0.15))
