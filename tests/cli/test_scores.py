from collections.abc import Mapping
from typing import Any

import pytest

from ragreason.cli.scores import doubts, leading, print_scores
from ragreason.evaluation.compare import Difference, Recorded


def summary(**metrics: Any) -> Mapping[str, Any]:
    known = {"value": 0.3599, "low": 0.2712, "high": 0.4567}
    names = ("em", "f1", "support_recall", "support_all")
    usage = {"prompt_tokens": 12_345.6, "completion_tokens": 1_234.0, "verifier_tokens": 9_876.0}
    return {
        "n": 7_405,
        "errors": 12,
        "forced": 123,
        "metrics": dict.fromkeys(names, known) | metrics,
        "usage": {"per_question": {**usage, "calls": 12.25, "retrievals": 10.5}},
        "latency_s": {"p50": 123.45, "p95": 234.5},
    }


def test_tables_are_at_most_80_columns_wide(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a_graph_with_a_long_name"
    runs = [Recorded(name, summary(), {}), Recorded("react", summary(), {})]
    p = 0.0456
    found = Difference("react", name, "support_recall", 7_405, -0.123, -0.234, 0.012, p, 2 * p)
    print_scores(runs, [found])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "0.360 [.271, .457]" in text
    assert "-0.123 [-0.234, +0.012]" in text
    assert "7393" in text
    assert text.endswith("0.0912"), "the corrected p-value"


def test_what_a_dataset_does_not_have_is_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    nothing = {"value": None, "low": None, "high": None}
    run = Recorded("direct", summary(support_recall=nothing, support_all=nothing, em=nothing), {})
    print_scores([run], [])
    first = capsys.readouterr().out.splitlines()[1].split()
    assert first == ["direct", "7393", "-", "0.360", "[.271,", ".457]", "-", "-"]


def test_a_dataset_with_an_accuracy_of_its_own_shows_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    right = {"value": 0.75, "low": 0.6, "high": 0.9, "n": 40}
    difference = {"minimal_detectable_difference": {"accuracy": 0.2, "f1": 0.1}}
    run = Recorded("direct", {**summary(accuracy=right), **difference}, {})
    print_scores([run, Recorded("cot", summary(accuracy=right), {})], [])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == "graph n accuracy [95 %] F1 [95 %] support all".split()
    assert lines[1].split()[:4] == ["direct", "40", "0.750", "[.600,"]
    assert any(line.startswith("smallest accuracy difference") for line in lines)


def test_where_nothing_has_an_answer_the_ranking_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    nothing = {"value": None, "low": None, "high": None, "n": 0}
    ranks = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 93}
    found = summary(em=nothing, f1=nothing, **{"ndcg@10": ranks, "mrr": ranks})
    print_scores([Recorded("naive_rag", found, {})], [])
    head, row, *_ = capsys.readouterr().out.splitlines()
    assert "nDCG@10 [95 %]" in head
    assert "MRR [95 %]" in head
    assert row.split()[:4] == ["naive_rag", "93", "0.500", "[.400,"]


def test_the_differences_of_the_leading_metric() -> None:
    def found(*metrics: str) -> list[Difference]:
        return [Difference("a", "b", m, 40, 0.1, 0.0, 0.2, 0.04, 0.04) for m in metrics]

    assert [d.metric for d in leading(found("accuracy", "em", "f1"))] == ["accuracy"]
    assert [d.metric for d in leading(found("em", "f1", "em", "f1"))] == ["f1", "f1"]
    assert [d.metric for d in leading(found("support_recall"))] == ["support_recall"]


def test_many_runs_and_little_money_fit(capsys: pytest.CaptureFixture[str]) -> None:
    more = {"minimal_detectable_difference": {"f1": 0.1384}, "cost": {"money": 0.000199}}
    runs = [
        Recorded(f"a_graph_called_{i}", {**summary(), **more, "concurrency": 10 + i}, {})
        for i in range(5)
    ]
    print_scores(runs, [])
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert "a_graph_called_4 0.138" in text.replace("\n", " ")
    assert "14 (a_graph_called_4)" in text.replace("\n", " ")
    assert ["a_graph_called_0", "-", "-", "-", "0.0002"] in [r.split() for r in text.splitlines()]


def test_the_concurrency_of_the_times_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    one = Recorded("direct", {**summary(), "concurrency": 128}, {})
    other = Recorded("react", {**summary(), "concurrency": 1}, {})
    print_scores([one], [])
    assert "latency at concurrency 128\n" in capsys.readouterr().out
    print_scores([one, other], [])
    assert "latency at concurrency 128 (direct), 1 (react)\n" in capsys.readouterr().out
    print_scores([one, Recorded("old", summary(), {})], [])
    assert "latency" not in capsys.readouterr().out, "it was not kept then"


def test_cost_and_doubts_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    cost = {"parameters": 494e6, "flops": 1.234e15, "flops_without_cached": 5e14, "money": 1.25}
    more = {"cost": cost, "minimal_detectable_difference": {"f1": 0.1384}, "small_sample": True}
    named = Recorded("a_graph_with_a_long_name", {**summary(), **more}, {})
    print_scores([named, Recorded("old", summary(), {})], [])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    rows = [line.split() for line in lines]
    assert ["a_graph_with_a_…", "0.494", "1,234.0", "500.0", "1.250"] in rows
    assert ["old", "-", "-", "-", "-"] in rows
    text = "\n".join(lines)
    assert "smallest F1 difference found with a chance of 0.8" in text
    assert "pairing finds smaller ones): a_graph_with_a_… 0.138\n" in text
    few = Recorded("few", {**summary(), "minimal_detectable_difference": {"f1": 1.144}}, {})
    assert "few none" in doubts([few])[1], "no two means are further apart than 1"
    assert text.endswith("small samples, under 200 questions: intervals may be off")
