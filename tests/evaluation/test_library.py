"""The table of many graphs over the same questions."""

from typing import Any

import pytest

from ragreason.evaluation.library import report
from ragreason.evaluation.statistics import holm


def row(graph: str, question: str, f1: float | None, **more: Any) -> dict[str, Any]:
    costs = dict.fromkeys(("prompt_tokens", "completion_tokens", "calls", "retrieved"), 10)
    return {
        "graph": graph,
        "dataset": "hotpotqa",
        "id": question,
        "status": "ok" if f1 is not None else "error",
        "abstained": False,
        "em": None if f1 is None else float(f1 == 1),
        "f1": f1,
        "support_recall": f1,
        "support_all": f1,
        "latency_s": 2.0,
        "cached_tokens": 4,
        "verifier_tokens": 0,
        "retrievals": 1,
        **costs,
        **more,
    }


def test_errors_are_counted_and_not_scored() -> None:
    rows = [row("naive_rag", "a", 1.0), row("naive_rag", "b", None)]
    line = report(rows)["graphs"]["naive_rag"]
    assert (line["n"], line["errors"], line["f1"]["value"]) == (2, 1, 1.0)


def test_uncached_tokens_are_what_no_cache_held_and_unknown_is_none_held() -> None:
    rows = [row("naive_rag", "a", 1.0), row("naive_rag", "b", 0.0, cached_tokens=None)]
    assert report(rows)["graphs"]["naive_rag"]["uncached_tokens"] == 8


def test_graphs_are_compared_on_the_questions_that_both_answered() -> None:
    rows = [row("naive_rag", "a", 0.0), row("naive_rag", "b", 0.5)]
    rows += [row("react", "a", 1.0), row("react", "b", None), row("react", "c", 1.0)]
    over = report(rows)["over_baseline"]
    assert list(over) == ["react"]
    assert (over["react"]["n"], over["react"]["value"]) == (1, 1.0)


def test_p_values_are_corrected_over_all_the_graphs_that_are_compared() -> None:
    scores = {"naive_rag": 0.0, "react": 1.0, "cot": 1.0}
    rows = [row(graph, str(i), f1) for graph, f1 in scores.items() for i in range(8)]
    over = report(rows)["over_baseline"]
    assert [found["p"] for found in over.values()] == [2 / 2**8] * 2
    assert [found["p_holm"] for found in over.values()] == [4 / 2**8] * 2


def test_without_the_baseline_nothing_is_compared() -> None:
    assert report([row("react", "a", 1.0)])["over_baseline"] == {}


def test_holm_multiplies_the_smallest_most_and_keeps_their_order() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
