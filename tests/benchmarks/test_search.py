"""The report on sampled trajectories: what a verifier's tokens are for k of them."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("search")


def samples(search: Any, rows: dict[str, list[dict[str, int]]]) -> Any:
    ones = np.ones((1, search.N))
    return search.Samples(
        ids=("q",),
        right=ones,
        greedy=ones[0],
        votes=ones.astype(int),
        scores=dict.fromkeys(rows, ones),
        cost={name: [search.requests(found)] for name, found in rows.items()},
        prompt=np.array([500.0]),
        reply=np.array([5.0]),
    )


def test_one_sample_bears_the_whole_request_that_all_of_them_shared(search: Any) -> None:
    shared = samples(search, {"likelihood": [{"calls": 1, "tokens": 700, "items": 25}]})
    tokens = [point.costs["tokens"][0] for point in search.points(shared, ["likelihood"])[4:]]
    assert tokens == [505 + 700, 510 + 700, 520 + 700, 540 + 700]


def test_a_request_for_each_sample_is_paid_for_as_often_but_no_more_often_than_it_was(
    search: Any,
) -> None:
    each = samples(search, {"judge": [{"calls": 6, "tokens": 3600, "items": 25}]})
    assert [each.verified("judge", k) for k in (1, 4, 8)] == [600, 2400, 3600]


def test_rules_cost_nothing_and_an_ensemble_what_its_members_do(search: Any) -> None:
    rows = {
        "format": [{"calls": 0, "tokens": 0, "items": 25}],
        "likelihood": [{"calls": 1, "tokens": 700, "items": 25}],
        "judge": [{"calls": 6, "tokens": 3600, "items": 25}],
    }
    found = samples(search, rows)
    assert found.verified("format", 8) == 0
    both = [*found.cost["likelihood"], *found.cost["judge"]]
    assert search.replace(found, cost={"ensemble": both}).verified("ensemble", 2) == 1900
