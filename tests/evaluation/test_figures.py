"""Figures are over questions: seeds are averaged, failed rows left out, groups stand apart."""

from typing import Any

import pytest

from ragreason.evaluation.figures import (
    detectable,
    figure,
    figures,
    grouped_figures,
    is_small,
    metric_names,
    question_values,
)
from ragreason.evaluation.rows import METRICS, Row


def row(question: str, em: float | None, seed: int = 0, **more: Any) -> Row:
    status = "error" if em is None else "ok"
    scores = dict.fromkeys(METRICS, em)
    return {"id": question, "seed": seed, "status": status, **scores, "type": "", **more}


def test_the_question_is_the_unit_and_not_the_seed() -> None:
    rows = [row("a", 1, 0), row("a", 1, 1), row("a", 1, 2), row("b", 0, 0)]
    assert question_values(rows, "em") == {"a": 1.0, "b": 0.0}
    found = figure(rows, "em")
    assert (found["value"], found["n"]) == (0.5, 2)


def test_repeating_every_question_makes_no_interval_narrower() -> None:
    once = [row(f"q{i}", float(i % 3 == 0)) for i in range(90)]
    thrice = [{**r, "seed": seed} for r in once for seed in range(3)]
    assert figure(once, "em") == figure(thrice, "em")


def test_a_failed_seed_is_no_zero() -> None:
    rows = [row("a", 1, 0), row("a", None, 1), row("b", None, 0)]
    assert question_values(rows, "em") == {"a": 1.0}
    assert figure(rows[1:], "em") == {"value": None, "low": None, "high": None, "n": 0}


def test_scores_beyond_the_six_are_read_where_they_apply() -> None:
    rows = [row("a", 1, scores={"mrr": 0.5, "judge": None}), row("b", 0), row("c", 0, scores=None)]
    assert metric_names(rows) == [*METRICS, "mrr", "judge"]
    found = figures(rows)
    assert (found["mrr"]["value"], found["mrr"]["n"]) == (0.5, 1)
    assert (found["judge"]["value"], found["judge"]["n"]) == (None, 0)


def test_scores_of_failed_rows_do_not_count() -> None:
    assert figure([row("a", None, scores={"mrr": 0.5})], "mrr")["n"] == 0


def test_groups_are_by_type_and_hops_and_leave_out_what_has_none() -> None:
    rows = [
        row("a", 1, type="bridge", hops=2),
        row("b", 0, type="bridge", hops=10),
        row("c", 1, type="comparison", hops=2),
        row("d", 1),
    ]
    found = grouped_figures(rows)
    assert {t: f["em"]["value"] for t, f in found["type"].items()} == {
        "bridge": 0.5, "comparison": 1.0
    }  # fmt: skip
    assert list(found["hops"]) == ["2", "10"]
    assert found["hops"]["2"]["em"]["n"] == 2


def test_small_samples_are_those_whose_intervals_were_not_shown_to_cover() -> None:
    assert (is_small(199), is_small(200)) == (True, False)


def test_every_metric_has_its_detectable_difference() -> None:
    rows = [row(f"q{i}", float(i % 2)) for i in range(200)]
    assert detectable(rows)["em"] == pytest.approx(0.140, abs=5e-4)
    assert detectable(rows[:1])["em"] is None


def test_an_unknown_number_of_hops_is_no_group() -> None:
    assert grouped_figures([row("a", 1, type="", hops=0)]) == {"type": {}, "hops": {}}
