"""The picture of a sweep: deterministic, labelled, complete."""

import re
from pathlib import Path

import numpy as np
import pytest

from ragreason.errors import ConfigError
from ragreason.evaluation import plots
from ragreason.evaluation.plots import plot_scaling
from ragreason.evaluation.points import Point

pytest.importorskip("matplotlib")


def point(strategy: str, budget: int | None, right: float, tokens: float) -> Point:
    drawn = np.random.default_rng(budget or 0)
    scores = (drawn.random(40) < right).astype(float)
    return Point(strategy, "n", budget, {"em": scores}, {"tokens": drawn.normal(tokens, 30, 40)})


POINTS = [
    point("greedy", None, 0.4, 200),
    *(point("majority", n, 0.4 + n / 20, 200 * n) for n in (1, 2, 4)),
    *(point("beam:branching=4", n, 0.5 + n / 20, 900 * n) for n in (1, 2, 4)),
]


def test_the_same_points_give_the_same_bytes(tmp_path: Path) -> None:
    first = plot_scaling(POINTS, "em", tmp_path / "a")
    second = plot_scaling(POINTS, "em", tmp_path / "b")
    assert [path.name for path in first] == ["a.svg", "a.png"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_it_names_strategies_axes_and_units(tmp_path: Path) -> None:
    svg = plot_scaling(POINTS, "em", tmp_path / "scale", "react on musique, 40 questions")[0]
    said = re.findall(r"<!-- (.*?) -->", svg.read_text(encoding="utf-8"))
    assert {"greedy", "majority", "beam:branching=4", "react on musique, 40 questions"} <= set(said)
    assert "exact match, mean with 95 % interval" in said
    assert "tokens a question (prompt + completion + verifier), log scale" in said
    assert {"200", "1,000", "2,000"} <= set(said)
    assert said.count("4") == 2, "each point says its budget"


def test_names_are_no_formulas(tmp_path: Path) -> None:
    names = ["own:stop=$a_b$", "own:stop=$\\frac$"]
    svg = plot_scaling([point(n, 1, 0.4, 200) for n in names], "em", tmp_path / "a", "$x^2$")[0]
    said = re.findall(r"<!-- (.*?) -->", svg.read_text(encoding="utf-8"))
    assert {*names, "$x^2$"} <= set(said)


def test_points_lie_at_what_they_cost_and_not_at_their_budget() -> None:
    series = plots._series(POINTS, "em")
    (axes,) = plots._drawn(series, "em", "").axes
    drawn = [bars.lines[0].get_xdata() for bars in axes.containers]  # type: ignore[attr-defined]
    costs = [[p.costs["tokens"].mean() for p in POINTS if p.strategy == name] for name in series]
    assert list(map(list, drawn)) == [pytest.approx(cost) for cost in costs]


def test_the_background_is_transparent(tmp_path: Path) -> None:
    from matplotlib.image import imread

    picture = imread(plot_scaling(POINTS, "em", tmp_path / "scale")[1])  # (rows, columns, RGBA)
    assert picture[0, 0, 3] == 0
    assert picture[..., 3].max() == 1


def test_strategies_differ_without_colour(tmp_path: Path) -> None:
    series = plots._series(POINTS, "em")
    figure = plots._drawn(series, "em", "")
    (legend,) = figure.legends
    looks = [(line.get_marker(), line.get_linestyle()) for line in legend.get_lines()]
    assert len(set(looks)) == len(series) == 3


def test_points_without_questions_are_left_out_and_nothing_is_an_error(tmp_path: Path) -> None:
    empty = Point("majority", "n", 1, {"em": np.empty(0)}, {"tokens": np.empty(0)})
    assert plot_scaling([empty, *POINTS], "em", tmp_path / "scale")
    with pytest.raises(ConfigError, match="nothing to plot"):
        plot_scaling([empty], "em", tmp_path / "scale")


def test_without_matplotlib_the_command_that_mends_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install '\.\[plots\]'"):
        plot_scaling(POINTS, "em", tmp_path / "scale")


def test_a_narrow_axis_still_shows_several_numbers() -> None:
    near = [point("majority", budget, 0.4, tokens) for budget, tokens in ((1, 700), (2, 900))]
    (axes,) = plots._drawn(plots._series(near, "em"), "em", "").axes
    low, high = axes.get_xlim()
    assert sum(low <= tick <= high for tick in axes.get_xticks()) >= 2
