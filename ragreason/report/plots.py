"""The report's pictures as PNG and SVG files, drawn by matplotlib (the extra `plots`)."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragreason.errors import ConfigError
from ragreason.evaluation.plots import INSTALL, can_plot
from ragreason.evaluation.statistics import Interval
from ragreason.report.causes import CAUSES
from ragreason.report.confidence import calibration
from ragreason.report.gather import Told, main_metric
from ragreason.report.groups import by_group
from ragreason.report.page import read_told
from ragreason.report.retrieval import retrieval_curve
from ragreason.report.svg import thousands
from ragreason.report.tokens import spots
from ragreason.report.words import cut, metric_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = ("#0b5cad", "#c24e00", "#007a5a", "#a8478a", "#8a6500", "#2483b8", "#7a5340", "#5b57c4")
_MARKERS = "osD^vPX*"
_SIZE = (5.6, 3.8)  # inches: a column of a paper and a half
Draw = Callable[["Axes", Sequence[Told], str], bool]
"""Draws into the axes; False where the runs have nothing to draw."""


def write_plots(folders: Sequence[Path], out: Path) -> list[Path]:
    """Write tokens, types, hops, retrieval, reliability and causes as PNG and SVG; gives the paths.

    Pictures for which the runs have nothing are left out. Raises ConfigError where matplotlib is
    missing, for folders without a finished run, and for differing data.
    """
    if not can_plot():
        raise ConfigError(f"plots need matplotlib: {INSTALL}")
    runs = read_told(folders)
    out.mkdir(parents=True, exist_ok=True)
    return [path for name, draw in PICTURES.items() for path in _write(draw, runs, out / name)]


def _write(draw: Draw, runs: Sequence[Told], stem: Path) -> list[Path]:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.add_subplot()
    with mpl.rc_context({"svg.hashsalt": "ragreason", "font.size": 9.0, "text.parse_math": False}):
        if not draw(axes, runs, main_metric(runs)):
            return []
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.grid(alpha=0.25, linewidth=0.6)
        axes.set_axisbelow(True)
        labels = axes.get_legend_handles_labels()[1]
        if len(labels) > 1:
            figure.legend(
                loc="outside lower center",
                ncols=3 if max(map(len, labels)) > 12 else 4,
                frameon=False,
            )
        paths = [stem.with_name(f"{stem.name}.{suffix}") for suffix in ("png", "svg")]
        for path in paths:
            dateless = {"Date": None} if path.suffix == ".svg" else None
            figure.savefig(path, metadata=dateless, dpi=200)
    return paths


def _tokens(axes: "Axes", runs: Sequence[Told], metric: str) -> bool:
    found = spots(runs, metric)
    for i, spot in enumerate(found):
        axes.errorbar(
            [spot.tokens.value],
            [spot.score.value],
            xerr=_reach([spot.tokens]),
            yerr=_reach([spot.score]),
            fillstyle="full" if spot.best else "none",
            label=spot.name,
            linestyle="none",
            **_style(i),
        )
    front = sorted((s for s in found if s.best), key=lambda s: s.tokens.value)
    if len(front) > 1:
        places = [s.tokens.value for s in front], [s.score.value for s in front]
        axes.step(*places, where="post", color="#59636e", linestyle="--", linewidth=1)
    axes.set_xlabel("tokens a question")
    axes.set_ylabel(f"{metric_name(metric)}, mean with 95 % interval")
    if len(found) > 1 and min(s.tokens.value for s in found) > 0:
        _log_axis(axes)
    return bool(found)


def _log_axis(axes: "Axes") -> None:
    """Numbers as they are read, in place of powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high / low < 300 else (1.0,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tokens, _: thousands(tokens)))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _groups(kind: str) -> Draw:
    def draw(axes: "Axes", runs: Sequence[Told], metric: str) -> bool:
        groups = by_group(runs, kind, metric)
        width = 0.8 / len(runs)
        for i, run in enumerate(runs):
            parts = [(at, block[i]) for at, block in enumerate(groups.values())]
            known = [(at, part.figure) for at, part in parts if part is not None]
            axes.bar(
                [at + (i - (len(runs) - 1) / 2) * width for at, _ in known],
                [figure.value for _, figure in known],
                width=width * 0.92,
                yerr=_reach([figure for _, figure in known]),
                color=_COLOURS[i % len(_COLOURS)],
                error_kw={"elinewidth": 0.9},
                label=run.name,
            )
        axes.set_xticks(range(len(groups)), [cut(name, 18) for name in groups])
        axes.set_ylabel(f"{metric_name(metric)}, mean with 95 % interval")
        axes.set_ylim(0, 1)
        return bool(groups)

    return draw


def _retrieval(axes: "Axes", runs: Sequence[Told], metric: str) -> bool:
    del metric
    curves = [(i, run.name, retrieval_curve(run.rows)) for i, run in enumerate(runs)]
    for i, name, curve in curves:
        if curve is not None:
            axes.plot(curve.ks, [r.value for r in curve.recall], label=name, **_style(i))
            low, high = [r.low for r in curve.recall], [r.high for r in curve.recall]
            axes.fill_between(curve.ks, low, high, color=_COLOURS[i % len(_COLOURS)], alpha=0.13)
    axes.set_xlabel("passages retrieved, k")
    axes.set_ylabel("support recall at k")
    axes.set_ylim(0, 1)
    return any(curve is not None for _, _, curve in curves)


def _reliability(axes: "Axes", runs: Sequence[Told], metric: str) -> bool:
    del metric
    found = [(i, run.name, calibration(run.rows)) for i, run in enumerate(runs)]
    axes.plot([0, 1], [0, 1], color="#59636e", linestyle="--", linewidth=1)
    for i, name, told in found:
        if told is not None:
            sure = [b.confidence for b in told.bins]
            right = [b.right.value for b in told.bins]
            reach = _reach([b.right for b in told.bins])
            axes.errorbar(sure, right, yerr=reach, label=name, **_style(i))
    axes.set_xlabel("confidence")
    axes.set_ylabel("right answers")
    return any(told is not None for _, _, told in found)


def _causes(axes: "Axes", runs: Sequence[Told], metric: str) -> bool:
    del metric
    present = [cause for cause in CAUSES if any(cause in run.by_cause for run in runs)]
    left = [0.0] * len(runs)
    for i, cause in enumerate(present):
        shares = [len(run.by_cause.get(cause, ())) / max(len(run.rows), 1) for run in runs]
        colour, hatch = _COLOURS[i % len(_COLOURS)], ("", "///")[i // len(_COLOURS)]
        axes.barh(
            [cut(run.name, 24) for run in runs],
            shares,
            left=left,
            color=colour,
            hatch=hatch,
            label=CAUSES[cause],
        )
        left = [before + share for before, share in zip(left, shares, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("share of all questions")
    axes.set_xlim(0, 1)
    return bool(present)


PICTURES: Mapping[str, Draw] = {
    "tokens": _tokens,
    "types": _groups("type"),
    "hops": _groups("hops"),
    "retrieval": _retrieval,
    "reliability": _reliability,
    "causes": _causes,
}


def _style(i: int) -> dict[str, Any]:
    return {
        "color": _COLOURS[i % len(_COLOURS)],
        "marker": _MARKERS[i % len(_MARKERS)],
        "markersize": 5,
        "linewidth": 1.2,
    }


def _reach(intervals: Sequence[Interval]) -> tuple[list[float], list[float]]:
    """How far each interval goes down and up from its mean, never less than 0."""
    return (
        [max(0.0, i.value - i.low) for i in intervals],
        [max(0.0, i.high - i.value) for i in intervals],
    )
