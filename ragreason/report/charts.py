"""The report's pictures as inline SVG: each from values, none from rows."""

from collections.abc import Sequence
from itertools import pairwise
from xml.etree.ElementTree import Element

from ragreason.evaluation.statistics import Interval
from ragreason.report.confidence import Calibration
from ragreason.report.svg import (
    BOTTOM,
    HEIGHT,
    LEFT,
    SERIES,
    UNIT,
    WIDTH,
    Axis,
    add,
    drawing,
    frame,
    line,
    linear_axis,
    mark,
    markup,
    score_axis,
    share,
    thousands,
    token_axis,
    whisker,
)
from ragreason.report.tokens import Spot
from ragreason.report.words import cut, told

_LETTER = 6.3  # width of one in a picture's text


def scatter(spots: Sequence[Spot], metric: str, *, names: bool = True) -> str:
    """Score over tokens, a mark a spot; a step line joins the best (the Pareto front)."""
    root = drawing(f"{metric} against tokens a question, {len(spots)} points")
    x = token_axis(min(s.tokens.value for s in spots), max(s.tokens.high for s in spots))
    y = score_axis(min(s.score.low for s in spots), max(s.score.high for s in spots))
    titles = (f"tokens a question{', log scale' if x.log else ''}", metric)
    at_x, at_y = frame(root, x, y, titles, (thousands, share))
    front = sorted((s for s in spots if s.best), key=lambda s: s.tokens.value)
    if names and len(front) > 1:
        corners = [(at_x(s.tokens.value), at_y(s.score.value)) for s in front]
        steps = [corners[0]]
        for (_, before), (right, now) in pairwise(corners):
            steps += [(right, before), (right, now)]
        line(root, steps, "front")
    marks = add(root, "g")
    series = range(len(spots)) if names else [0] * len(spots)
    for i, spot in zip(series, spots, strict=True):
        here = at_x(spot.tokens.value), at_y(spot.score.value)
        whisker(marks, i, (here[0], here[0]), (at_y(spot.score.low), at_y(spot.score.high)))
        ends = at_x(max(spot.tokens.low, x.low)), at_x(min(spot.tokens.high, x.high))
        whisker(marks, i, ends, (here[1], here[1]))
    for i, spot in zip(series, spots, strict=True):
        spent = f"{spot.tokens.value:,.0f} tokens, n {spot.n:,}"
        title = f"{spot.name}: {metric} {told(spot.score)}, {spent}"
        place = at_x(spot.tokens.value), at_y(spot.score.value)
        mark(marks, i, *place, title, hollow=not spot.best and names)
    if names:
        _label(root, [(at_x(s.tokens.value), at_y(s.score.value), s.name) for s in _leaders(spots)])
    return markup(root)


def _leaders(spots: Sequence[Spot]) -> list[Spot]:
    """Those that are named: the best first, all where there are few."""
    ordered = sorted(spots, key=lambda s: not s.best)
    return ordered if len(spots) <= 16 else [s for s in ordered if s.best]


def _label(root: Element, places: Sequence[tuple[float, float, str]]) -> None:
    """Names beside their marks, where they cover neither marks nor other names."""
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y, _ in places]
    for x, y, name in places:
        text = cut(name, 22)
        size = _LETTER * len(text)
        for left, base in (
            (x + 9, y + 4),
            (x - 9 - size, y + 4),
            (x - size / 2, y - 10),
            (x - size / 2, y + 18),
            (x + 6, y - 8),
            (x + 6, y + 16),
        ):
            box = (left, base - 10, left + size, base + 3)
            inside = (
                box[0] >= LEFT and box[2] <= WIDTH and box[1] >= 0 and box[3] <= HEIGHT - BOTTOM
            )
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                add(root, "text", text, x=left, y=base, class_="name")
                break


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def recall_curves(curves: Sequence[tuple[str, int, Sequence[Interval]]], title: str) -> str:
    """Lines over the depth k with bands; each has a name and the number of its series."""
    deepest = max(len(values) for _, _, values in curves)
    root = drawing(f"{title} at depth 1 to {deepest}")
    step = 1 if deepest <= 10 else 2 if deepest <= 20 else 5
    ticks = [k for k in range(1, deepest + 1) if k == 1 or k % step == 0]
    x = Axis(1, max(deepest, 2), ticks)
    y = score_axis(0, max(i.high for _, _, values in curves for i in values))
    at_x, at_y = frame(root, x, y, ("passages retrieved, k", title), (thousands, share))
    for name, series, values in curves:
        _band(root, series, [(at_x(k), at_y(i.low), at_y(i.high)) for k, i in enumerate(values, 1)])
        line(
            root,
            [(at_x(k), at_y(i.value)) for k, i in enumerate(values, 1)],
            f"line s{series % SERIES}",
        )
        for k, interval in ((k, i) for k, i in enumerate(values, 1) if k in ticks):
            mark(
                root,
                series,
                at_x(k),
                at_y(interval.value),
                f"{name}: {title}, k = {k}: {told(interval)}",
            )
    return markup(root)


def _band(root: Element, series: int, ends: Sequence[tuple[float, float, float]]) -> None:
    upper = [(x, high) for x, _, high in ends]
    lower = [(x, low) for x, low, _ in reversed(ends)]
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*upper, *lower])
    add(root, "polygon", points=places, class_=f"band s{series % SERIES}")


def reliability(found: Sequence[tuple[int, str, Calibration]]) -> str:
    """How many are right over how sure the run was; on the diagonal both agree."""
    root = drawing("share of right answers against confidence")
    at_x, at_y = frame(root, UNIT, UNIT, ("confidence", "right answers"), (share, share))
    line(root, [(at_x(0), at_y(0)), (at_x(1), at_y(1))], "front")
    for i, name, told_of in found:
        places = [(at_x(b.confidence), at_y(b.right.value)) for b in told_of.bins]
        line(root, places, f"line s{i % SERIES}")
        for b, (x, y) in zip(told_of.bins, places, strict=True):
            whisker(root, i, (x, x), (at_y(b.right.low), at_y(b.right.high)))
            title = f"{name}: confidence {b.confidence:.2f}, right {told(b.right)}, n {b.n:,}"
            mark(root, i, x, y, title)
    return markup(root)


def risk_coverage(found: Sequence[tuple[int, str, Calibration]]) -> str:
    """How many of the most confident share of answers are wrong."""
    root = drawing("wrong answers among the most confident ones")
    worst = max(p.risk for _, _, c in found for p in c.points)
    y = linear_axis(0.0, max(worst, 0.1), 5)
    titles = ("share answered, most confident first", "wrong among them")
    at_x, at_y = frame(root, UNIT, y, titles, (share, share))
    for i, _, told_of in found:
        places = [(at_x(p.coverage), at_y(p.risk)) for p in told_of.points]
        line(root, places, f"line s{i % SERIES}")
    return markup(root)


def legend_mark(series: int) -> str:
    """A series' mark by itself, for legends."""
    root = drawing("", 16, 16)
    root.attrib.pop("role")
    root.attrib["aria-hidden"] = "true"
    mark(root, series, 8, 8, "")
    return markup(root)
