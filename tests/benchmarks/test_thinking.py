"""Recorded samples are replayed in their order."""

from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from ragreason.search.adaptive_majority import AdaptiveMajority

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def thinking(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("thinking")


def test_a_replay_takes_the_first_samples_until_it_is_safe(thinking: Any) -> None:
    strategy = AdaptiveMajority(n=8, first=3)
    assert thinking.replayed([1, 1, 1, 1, 2, 2, 2, 2], [1.0] * 4 + [0.0] * 4, strategy) == (1.0, 4)
    assert thinking.replayed([2, 1, 1, 2, 1, 1, 1, 1], [0.5] + [0.0] * 7, strategy) == (0.0, 7)


def test_a_replay_without_the_chance_of_error_is_right_where_majority_is(thinking: Any) -> None:
    strategy = AdaptiveMajority(n=5, first=2, confidence=1.0)
    for votes in product(range(3), repeat=5):  # 0 is an empty answer
        right = [float(vote == 1) for vote in votes]
        assert thinking.replayed(votes, right, strategy)[0] == thinking.voted(votes, right, 5)


def test_a_vote_of_as_many_counts_the_first_ones(thinking: Any) -> None:
    votes, right = [0, 1, 2, 2, 1], [0.0, 1.0, 0.0, 0.0, 1.0]
    assert [thinking.voted(votes, right, n) for n in (1, 2, 3, 4, 5)] == [0.0, 1.0, 1.0, 0.0, 1.0]
