"""The library's bench tells the questions of its first look from those added after it."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ragreason.evaluation.library import COUNTED

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("library")


def test_questions_added_after_the_first_look_are_told_by_their_place(bench: Any) -> None:
    assert not bench.is_second({"dataset": "hotpotqa"}), "the first rows had no place"
    assert not bench.is_second({"dataset": "hotpotqa", "place": 63})
    assert bench.is_second({"dataset": "hotpotqa", "place": 64})


def test_as_many_questions_are_new_as_were_looked_at(bench: Any) -> None:
    ranges = bench.RANGES["test"].items()
    old = sum(bench.LOOKED_AT[part] - first for part, (first, _) in ranges)
    new = sum(stop - bench.LOOKED_AT[part] for part, (_, stop) in ranges)
    assert (old, new) == (100, 100)


def test_no_question_of_the_table_is_in_the_test(bench: Any) -> None:
    for part, (_, stop) in bench.RANGES["table"].items():
        assert stop <= bench.RANGES["test"][part][0]


def rows_of(graph: str, places: range) -> list[dict[str, Any]]:
    return [
        {
            "graph": graph,
            "dataset": "hotpotqa",
            "id": str(place),
            "status": "ok",
            "abstained": False,
            "latency_s": 1.0,
            **dict.fromkeys(("em", "f1", "support_recall", "support_all"), place % 2),
            **dict.fromkeys(COUNTED, 10),
        }
        for place in places
    ]


def test_graphs_that_were_asked_half_stand_beside_the_baseline_on_that_half(bench: Any) -> None:
    rows = rows_of("naive_rag", range(4)) + rows_of("plan", range(4)) + rows_of("react", range(2))
    found = bench.split(rows)
    assert {name: run["n"] for name, run in found["table"]["graphs"].items()} == {
        "naive_rag": 4,
        "plan": 4,
    }
    assert {name: run["n"] for name, run in found["half"]["graphs"].items()} == {
        "naive_rag": 2,
        "react": 2,
    }


def test_where_all_were_asked_everything_there_is_no_half(bench: Any) -> None:
    assert bench.split(rows_of("naive_rag", range(4))).keys() == {"table"}
