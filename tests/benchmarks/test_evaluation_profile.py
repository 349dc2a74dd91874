"""How time divides over what is under way."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("evaluation_profile")


def test_each_moment_counts_once_for_all_that_is_under_way(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(bench, "perf_counter", lambda: now[0])
    spans = bench.Spans()
    now[0] = 1.0  # nothing was under way
    with spans.span("search"):
        now[0] = 3.0
        with spans.span("embed"):
            now[0] = 7.0  # half of it each
        now[0] = 8.0
    now[0] = 10.0
    spans.count()
    assert spans.seconds == {"orchestration": 3.0, "search": 5.0, "embed": 2.0}
