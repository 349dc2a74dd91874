"""Accuracy against tokens as a picture, drawn by matplotlib (the extra `plots`)."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ragreason.errors import ConfigError, install_extra
from ragreason.evaluation.points import TOKENS, Point
from ragreason.evaluation.statistics import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

INSTALL = install_extra("plots")
LABELS: Mapping[str, str] = {"em": "exact match", "f1": "F1"}
_INK = "#777777"  # as far from white as from black, for pages of either kind
_COLOURS = ("#2f7fbf", "#d55e00", "#009e73", "#b8618f", "#b58900", "#3a9bd9", "#8c6d5a", "#6c6ccf")
_MARKERS = "osD^vPX*"
_DASHES = ("-", "--", "-.", ":")
_SIZE = (7.2, 4.5)  # inches


def can_plot() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def plot_scaling(points: Sequence[Point], metric: str, stem: Path, title: str = "") -> list[Path]:
    """Write `stem`.svg and `stem`.png: the metric's mean against the mean of tokens a question.

    One line a strategy in the points' order, each point with its budget and 95 % intervals both
    ways; strategies differ in colour, marker and dash. The tokens' axis is logarithmic, the
    background transparent. The same points give the same bytes with the same matplotlib. Raises
    ConfigError where matplotlib is missing or no point has a question.
    """
    if not can_plot():
        raise ConfigError(f"plots need matplotlib: {INSTALL}")
    series = _series(points, metric)
    if not series:
        raise ConfigError(f"no point has a question that is scored by {metric}: nothing to plot")
    import matplotlib as mpl

    paths = [stem.with_name(f"{stem.name}.{suffix}") for suffix in ("svg", "png")]
    with mpl.rc_context(
        {
            "svg.hashsalt": "ragreason",
            "font.size": 10.0,
            "axes.edgecolor": _INK,
            "text.parse_math": False,  # a "$" in a name is a "$"
        }
    ):
        figure = _drawn(series, LABELS.get(metric, metric), title)
        for path in paths:
            dateless = {"Date": None} if path.suffix == ".svg" else None
            figure.savefig(path, metadata=dateless, transparent=True, dpi=144)
    return paths


class _Spot:
    """One point of a line: its budget, tokens and score."""

    def __init__(self, budget: int | None, tokens: Interval, score: Interval) -> None:
        self.budget = budget
        self.tokens = tokens
        self.score = score


def _series(points: Sequence[Point], metric: str) -> dict[str, list[_Spot]]:
    found: dict[str, list[_Spot]] = {}
    for point in points:
        tokens, score = point.intervals[TOKENS], point.intervals[metric]
        if tokens is not None and score is not None and tokens.value > 0:
            found.setdefault(point.strategy, []).append(_Spot(point.budget, tokens, score))
    return found


def _drawn(series: Mapping[str, Sequence[_Spot]], metric: str, title: str) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.add_subplot()
    lines = [_line(axes, position, spots) for position, spots in enumerate(series.values())]
    _axes(axes, metric, title)
    figure.legend(
        lines,
        list(series),
        loc="outside lower center",
        ncols=min(len(series), 4 if max(map(len, series)) <= 14 else 3),
        frameon=False,
        labelcolor=_INK,
    )
    return figure


def _line(axes: "Axes", position: int, spots: Sequence[_Spot]) -> "Line2D":
    """Draw one strategy; gives its line without the error bars, for the legend."""
    colour = _COLOURS[position % len(_COLOURS)]
    drawn = axes.errorbar(
        [spot.tokens.value for spot in spots],
        [spot.score.value for spot in spots],
        xerr=_reach([spot.tokens for spot in spots]),
        yerr=_reach([spot.score for spot in spots]),
        color=colour,
        marker=_MARKERS[position % len(_MARKERS)],
        linestyle=_DASHES[position % len(_DASHES)] if len(spots) > 1 else "none",
        markersize=6 if len(spots) > 1 else 10,  # a single one often lies under a line's first
        fillstyle="full" if len(spots) > 1 else "none",
        elinewidth=0.9,
        capsize=2,
    )
    for spot in spots:
        if spot.budget is not None:
            axes.annotate(
                str(spot.budget),
                (spot.tokens.value, spot.score.value),
                xytext=(4, 4),
                textcoords="offset points",
                fontsize=7,
                color=colour,
            )
    line: Line2D = drawn.lines[0]
    return line


def _reach(intervals: Sequence[Interval]) -> tuple[list[float], list[float]]:
    """How far each interval goes down and up from its mean, never less than 0."""
    return (
        [max(0.0, i.value - i.low) for i in intervals],
        [max(0.0, i.high - i.value) for i in intervals],
    )


def _axes(axes: "Axes", metric: str, title: str) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    few = high / low > 10  # a narrow axis would show one number
    subs = (1.0, 2.0, 5.0) if few else (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
    axes.xaxis.set_major_locator(LogLocator(subs=subs))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tokens, _: f"{tokens:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("tokens a question (prompt + completion + verifier), log scale", color=_INK)
    axes.set_ylabel(f"{metric}, mean with 95 % interval", color=_INK)
    axes.set_title(title, color=_INK, fontsize=10)
    axes.tick_params(which="both", colors=_INK)
    axes.grid(color=_INK, alpha=0.25, linewidth=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
