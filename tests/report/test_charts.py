"""Where things are drawn, read back from the SVG."""

import re
from xml.etree import ElementTree as ET

import pytest

from ragreason.evaluation.statistics import Interval
from ragreason.report.charts import recall_curves, scatter
from ragreason.report.svg import (
    BOTTOM,
    HEIGHT,
    SHAPES,
    TOP,
    UNIT,
    linear_axis,
    score_axis,
    thousands,
    token_axis,
)
from ragreason.report.tokens import Spot


def spot(name: str, tokens: float, score: float, *, best: bool = True) -> Spot:
    low, high = max(score - 0.1, 0.0), min(score + 0.1, 1.0)
    return Spot(
        name, Interval(tokens, tokens * 0.9, tokens * 1.1), Interval(score, low, high), 50, best
    )


def places(picture: str) -> list[tuple[float, float]]:
    marks = [n for n in ET.fromstring(picture).iter("path") if "mark" in n.get("class", "")]
    return [
        (float(x), float(y))
        for mark in marks
        for x, y in [re.findall(r"-?\d+\.\d", mark.get("transform", ""))]
    ]


def test_more_tokens_lie_to_the_right_and_a_better_score_higher() -> None:
    (x1, y1), (x2, y2) = places(scatter([spot("a", 100, 0.2), spot("b", 9_000, 0.6)], "F1"))
    assert x1 < x2
    assert y1 > y2


def test_a_log_axis_puts_the_geometric_mean_in_the_middle() -> None:
    found = scatter([spot(n, t, 0.5) for n, t in (("a", 10), ("b", 100), ("c", 1000))], "F1")
    assert "log scale" in found
    left, middle, right = (x for x, _ in places(found))
    assert middle == pytest.approx((left + right) / 2, abs=0.2)


def test_the_front_is_a_line_through_the_best_only() -> None:
    runs = [spot("a", 10, 0.2), spot("b", 100, 0.6), spot("c", 500, 0.3, best=False)]
    root = ET.fromstring(scatter(runs, "F1"))
    (front,) = (n for n in root.iter("polyline") if n.get("class") == "front")
    assert len(front.get("points", "").split()) == 3
    hollow = [n.get("class", "") for n in root.iter("path") if "hollow" in n.get("class", "")]
    assert len(hollow) == 1


def test_names_never_lie_on_each_other() -> None:
    runs = [spot(f"a rather long name {i}", 100 + i, 0.5 + i / 100) for i in range(12)]
    names = [n for n in ET.fromstring(scatter(runs, "F1")).iter("text") if n.get("class") == "name"]
    boxes = [(float(n.get("x", "")), float(n.get("y", ""))) for n in names]
    assert 1 <= len(boxes) <= 12
    assert all(
        abs(y1 - y2) >= 10 or abs(x1 - x2) >= 100
        for i, (x1, y1) in enumerate(boxes)
        for x2, y2 in boxes[:i]
    )


def test_curves_of_one_depth_are_drawn() -> None:
    found = recall_curves([("a", 0, [Interval(0.5, 0.4, 0.6)])], "recall@k")
    assert len(places(found)) == 1


def test_marks_differ_in_shape() -> None:
    assert len(set(SHAPES)) == len(SHAPES) == 8


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.0), (0.1, 0.13), (0.0, 1.0), (0.97, 1.0)])
def test_a_score_axis_stays_within_0_and_1_and_holds_its_values(low: float, high: float) -> None:
    axis = score_axis(low, high)
    assert 0 <= axis.low <= low
    assert high <= axis.high <= 1
    assert len(axis.ticks) >= 2
    assert len({f"{tick:.2f}" for tick in axis.ticks}) == len(axis.ticks), "no two read the same"


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.0), (5.0, 5.0), (3.0, 2e6), (100.0, 150.0)])
def test_a_token_axis_holds_its_values(low: float, high: float) -> None:
    axis = token_axis(low, high)
    place = axis.place(0.0, 100.0)
    assert -1e-6 <= place(low) <= place(high) <= 100 + 1e-6
    assert len(axis.ticks) >= 2


def test_ticks_are_round_numbers() -> None:
    assert list(linear_axis(0.0, 0.9, 5).ticks) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert [thousands(v) for v in (0, 50, 1500, 20_000, 2e6)] == ["0", "50", "1.5k", "20k", "2M"]


def test_0_stands_at_the_bottom_of_the_frame() -> None:
    place = UNIT.place(HEIGHT - BOTTOM, TOP)
    assert (place(0.0), place(1.0)) == (HEIGHT - BOTTOM, TOP)
