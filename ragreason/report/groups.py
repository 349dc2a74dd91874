"""A metric by question type and by hops, with intervals, and bars of it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element

from ragreason.evaluation.figures import grouped, question_values
from ragreason.evaluation.statistics import Interval
from ragreason.report.estimate import estimate
from ragreason.report.gather import Told
from ragreason.report.svg import SERIES, UNIT, WIDTH, Place, add, drawing, markup, share, whisker
from ragreason.report.words import cut, told

_ROW, _BAR, _GAP = 17, 11, 10
MOST = 24
"""Groups that are shown: the largest ones."""


class Part(NamedTuple):
    """A run's mean over the `n` questions of a group."""

    run: str
    figure: Interval
    n: int


Groups = Mapping[str, Sequence[Part | None]]
"""By group, in order, what each run has there; None where it has nothing."""


def by_group(runs: Sequence[Told], kind: str, metric: str) -> Groups:
    """The metric among the questions of one `type` or of as many `hops`, seeds averaged.

    Without groups, or with one only, it is empty. Of very many the largest are kept.
    """
    parts = [{str(v): rows for v, rows in grouped(run.rows, kind).items()} for run in runs]
    sizes: dict[str, int] = {}
    for found in parts:
        for value, rows in found.items():
            sizes[value] = max(sizes.get(value, 0), len(rows))
    kept = set(sorted(sizes, key=lambda v: -sizes[v])[:MOST])
    groups = {
        value: [
            _part(run.name, found.get(value, ()), metric)
            for run, found in zip(runs, parts, strict=True)
        ]
        for value in sizes
        if value in kept
    }
    return groups if len(groups) > 1 else {}


def _part(name: str, rows: Sequence[Mapping[str, object]], metric: str) -> Part | None:
    values = list(question_values([dict(row) for row in rows], metric).values())
    figure = estimate(values)
    return None if figure is None else Part(name, figure, len(values))


def bars(groups: Groups, metric: str) -> str:
    """Horizontal bars with intervals as inline SVG: a block a group, in it a bar a run."""
    height = sum(_ROW + _GAP + _ROW * len(block) for block in groups.values()) + 30
    root = drawing(f"{metric} by group, {len(groups)} groups", WIDTH, height)
    place = UNIT.place(8, WIDTH - 58)
    grid = add(root, "g", class_="axis")
    for tick in UNIT.ticks:
        add(grid, "line", x1=place(tick), x2=place(tick), y1=4, y2=height - 26)
        add(grid, "text", share(tick), x=place(tick), y=height - 12, text_anchor="middle")
    top = 4.0
    for group, block in groups.items():
        head = add(root, "text", cut(group, 36), x=8, y=top + 13, class_="name")
        add(head, "tspan", f"  n {_count(block)}", class_="faint")
        for i, part in enumerate(block, 1):
            if part is not None:
                _bar(root, part, i - 1, top + i * _ROW, place)
        top += _ROW * (len(block) + 1) + _GAP
    return markup(root)


def _count(block: Sequence[Part | None]) -> str:
    counts = sorted({part.n for part in block if part is not None})
    return " to ".join(f"{n:,}" for n in dict.fromkeys([counts[0], counts[-1]])) if counts else "0"


def _bar(root: Element, part: Part, series: int, top: float, place: Place) -> None:
    left, middle = place(0.0), top + 3 + _BAR / 2
    bar = add(
        root,
        "rect",
        x=left,
        y=top + 3,
        width=max(place(part.figure.value) - left, 0.5),
        height=_BAR,
        class_=f"bar s{series % SERIES}",
    )
    add(bar, "title", f"{part.run}: {told(part.figure)}, n {part.n:,}")
    whisker(root, series, (place(part.figure.low), place(part.figure.high)), (middle, middle))
    value = f"{part.figure.value:.3f}"
    add(root, "text", value, x=WIDTH - 6, y=middle + 4, text_anchor="end", class_="value")
