"""Early exits against plain caps of as many tokens, on the simulated thinker."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ragreason.simulation import SimulatedThinker, simulated_questions

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("early_exit")


async def test_a_sharp_probe_beats_the_cap_of_as_many_tokens_and_a_useless_one_does_not(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "PROBES", {"sharp": 3.0, "useless": 0.0})
    monkeypatch.setattr(bench, "THRESHOLDS", (0.95,))
    monkeypatch.setattr(bench, "MOST", 16)
    sharp, useless = await bench.exits(simulated_questions(300), seed=0)
    assert sharp["gain"].low > 0
    assert useless["gain"].low < 0
    for row in (sharp, useless):
        assert abs(row["exit"].value - row["exit_exact"]) < 0.08
        assert abs(row["cap"].value - row["cap_exact"]) < 0.08
    assert bench.table([sharp, useless]).count("\n") == 3


async def test_a_cap_between_two_is_both_in_proportion(bench: Any) -> None:
    caps = bench.Caps(simulated_questions(50), SimulatedThinker())
    three, four = await caps.at(3), await caps.at(4)
    scores, cap, _ = await caps.like(three.tokens.mean() + 5)
    assert cap == pytest.approx(3.25)
    assert (scores == 0.75 * three.right + 0.25 * four.right).all()
