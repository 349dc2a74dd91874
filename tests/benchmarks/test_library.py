"""The library's bench tells the questions of its first look from those added after it."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

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
