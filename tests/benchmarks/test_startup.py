"""Where the time to the first token goes."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ragreason.events import TraceEvent

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("startup")


def test_parts_add_up_and_only_the_first_token_ends_the_prompt(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([3.0, 5.0, 6.0, 10.0, 30.0])
    monkeypatch.setattr(bench, "monotonic", lambda: next(clock))
    laps = bench.Laps(1.0)
    laps.mark("import")
    hear = laps.listener()
    for kind in ("node", "search", "token", "token"):
        hear(TraceEvent(kind=kind))
    assert laps.done() == {"import": 2.0, "search": 2.0, "prefill": 1.0, "total": 5.0}


def test_both_programs_run(bench: Any) -> None:
    found = bench.compare_help(1)
    assert set(found) >= {"over_empty", "over_plain", "over_plain_cpu"}
    assert min(found["ours_s"], found["empty_s"], found["plain_s"]) > 0
