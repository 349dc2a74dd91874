"""What a summary says of calls that were not paid for again."""

from typing import Any

import pytest

from ragreason.evaluation.rows import METRICS, Row
from ragreason.evaluation.summary import summarise
from ragreason.types import Usage


def row(latency_s: float, **usage: Any) -> Row:
    return {
        **dict.fromkeys(METRICS, 1.0),
        "id": "q",
        "status": "ok",
        "abstained": False,
        "usage": Usage(**usage).model_dump(),
        "latency_s": latency_s,
        "first_token_s": latency_s,
        "session": "a",
        "session_s": latency_s,
    }


def test_times_are_of_questions_without_cached_replies() -> None:
    rows = [
        row(0.01, calls=2, cache_hits=1, cache_hit_tokens=50, prompt_tokens=90),
        row(8, calls=2),
    ]
    found = summarise(rows, {}, [0])
    assert found["latency_s"] == found["first_token_s"] == {"p50": 8.0, "p95": 8.0}
    told = {"hits": 1, "calls": 4, "hit_rate": 0.25, "tokens": 50, "questions": 1}
    assert found["cache"] == told
    assert found["usage"]["prompt_tokens"] == 90, "counted as if they had been paid for"


def test_a_run_of_hits_alone_has_no_times() -> None:
    found = summarise([row(0.01, calls=1, cache_hits=1)], {}, [0])
    assert found["latency_s"] == {"p50": None, "p95": None}
    assert found["cache"]["hit_rate"] == 1


def test_without_calls_there_is_no_hit_rate() -> None:
    assert summarise([row(1)], {}, [0])["cache"]["hit_rate"] is None


@pytest.mark.parametrize(
    ("cached", "reusable", "share"),
    [(96, 128, 0.75), (130, 128, 1.0), (None, 128, None), (0, None, None), (0, 0, None)],
)
def test_prefix_reuse_is_what_was_cached_of_the_reusable(
    cached: int | None, reusable: int | None, share: float | None
) -> None:
    rows = [row(1, cached_tokens=cached, reusable_tokens=reusable)]
    assert summarise(rows, {}, [0])["prefix_reuse"] == share


def test_prefix_reuse_compares_the_same_calls() -> None:
    told = row(1, cached_tokens=96, reusable_tokens=128)
    untold = row(1, reusable_tokens=1000, untold_tokens=1000)
    assert summarise([told, untold], {}, [0])["prefix_reuse"] == 0.75
    assert summarise([untold], {}, [0])["prefix_reuse"] is None


def test_rows_from_before_it_was_counted_are_read() -> None:
    old = row(1, calls=3)
    for name in ("cache_hits", "cache_hit_tokens", "reusable_tokens", "inferred_tokens"):
        del old["usage"][name]
    found = summarise([old], {}, [0])
    assert (found["cache"]["hits"], found["cache"]["calls"]) == (0, 3)
    assert found["latency_s"]["p50"] == 1


def test_failed_questions_make_no_run_look_cheaper() -> None:
    failed = {**row(1), **dict.fromkeys(METRICS), "status": "error"}
    found = summarise([row(1, prompt_tokens=300), failed, failed], {}, [0])["usage"]
    assert found["per_question"]["prompt_tokens"] == 300
    lost = summarise(
        [row(1, prompt_tokens=300), {**failed, "usage": row(1, prompt_tokens=9)["usage"]}], {}, [0]
    )
    assert lost["usage"]["prompt_tokens"] == 309, "what is known to be spent is in the total"
