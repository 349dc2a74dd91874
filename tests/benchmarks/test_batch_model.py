"""Times that a running batch takes, against small ones worked out by hand."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("batch_model")


def test_one_call_reads_and_then_writes(model: Any) -> None:
    rates = model.Rates(0.01, {1: 0.1})
    assert model.together([[model.Call(300, 4)]], rates) == pytest.approx(300 * 0.01 + 4 * 0.1)


def test_replies_written_at_once_share_their_steps_and_prompts_do_not(model: Any) -> None:
    rates = model.Rates(0.01, {1: 0.1, 2: 0.12})
    calls = [[model.Call(0, 5)], [model.Call(0, 3)]]
    assert model.together(calls, rates) == pytest.approx(3 * 0.12 + 2 * 0.1)
    assert model.one_by_one(calls, rates) == pytest.approx(8 * 0.1)
    read = [[model.Call(100, 1)], [model.Call(100, 1)]]
    assert model.together(read, rates) == pytest.approx(200 * 0.01 + 0.12)


def test_a_prompt_that_does_not_fit_is_read_while_others_write(model: Any) -> None:
    rates = model.Rates(0.001, {1: 0.1, 2: 0.1})
    calls = [[model.Call(256, 3)], [model.Call(255, 1)]]
    # step 1 reads 256, step 2 reads 255 beside the first token, steps 3 and 4 write the rest
    assert model.together(calls, rates) == pytest.approx(0.511 + 3 * 0.1)


def test_rounds_wait_for_their_slowest_call(model: Any) -> None:
    rates = model.Rates(0.0, {1: 1.0, 2: 1.0})
    courses = [[model.Call(0, 5), model.Call(0, 1)], [model.Call(0, 1), model.Call(0, 5)]]
    assert model.together(courses, rates) == pytest.approx(6)
    assert model.in_rounds(courses, rates) == pytest.approx(10)
    assert model.in_rounds([courses[0], courses[0][:1]], rates) == pytest.approx(6)


def test_steps_between_measured_sizes_are_in_proportion(model: Any) -> None:
    rates = model.Rates(0.0, {1: 0.1, 4: 0.4, 8: 0.6})
    steps = [rates.step_s(batch) for batch in (0, 1, 2, 4, 6, 8, 10)]
    assert steps == pytest.approx([0, 0.1, 0.2, 0.4, 0.5, 0.6, 0.7])
