"""A graph file and the same graph by hand, side by side."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("orchestration")


async def test_both_graphs_take_the_same_steps_and_ask_for_the_same(
    bench: Any, tmp_path: Path
) -> None:
    engines = [bench.script(2), bench.script(2)]
    async with bench.open_checkpoints(tmp_path / "a.sqlite") as saver:
        answers = [
            await bench.ours(engines[0], saver)("ours"),
            await bench.by_hand(engines[1], saver)("by hand"),
        ]
    assert answers == ["the silver bridge"] * 2
    asked = [[(r.messages, r.prefill) for r in engine.requests] for engine in engines]
    assert asked[0] == asked[1]
    cost = await bench.compare(1, 2, tmp_path)
    assert cost["node_steps"] == 2 * (2 + 1) + 1 + 2, "two a step, a last select, solve and answer"


async def test_memory_is_read_over_questions_whose_events_are_heard(
    bench: Any, tmp_path: Path
) -> None:
    memory = await bench.flatness(8, tmp_path)
    assert memory["events"] == 8 * bench.EVENTS
    assert memory["mib_last"] > 0
