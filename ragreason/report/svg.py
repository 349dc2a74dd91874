"""Drawing in SVG: elements, axes, and where numbers lie on them.

Elements are those of `xml.etree`, which escapes whatever text and attributes hold. Colours are left
to the page: everything drawn has a class, and series i the class `s0` to `s7`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from ragreason.text.passages import mended

SERIES = 8
WIDTH, HEIGHT = 400, 280
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 14, 42
Place = Callable[[float], float]
"""From a value to where it lies."""


def drawing(label: str, width: float = WIDTH, height: float = HEIGHT) -> Element:
    """An empty picture; `label` says in words what it shows."""
    return Element(
        "svg", {"viewBox": f"0 0 {width:g} {height:g}", "role": "img", "aria-label": label}
    )


def add(parent: Element, tag: str, text: str = "", /, **attributes: str | float) -> Element:
    """Append an element. `class_` is `class`, `_` stands for `-`; numbers get two decimals."""
    child = SubElement(parent, tag, {_name(n): _value(v) for n, v in attributes.items()})
    if text:
        child.text = mended(text)
    return child


def _name(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def _value(value: str | float) -> str:
    return mended(value) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")


def markup(root: Element) -> str:
    """The drawing as it stands in a page."""
    return tostring(root, encoding="unicode")


@dataclass(frozen=True)
class Axis:
    """A range of values with its ticks."""

    low: float
    high: float
    ticks: Sequence[float]
    log: bool = False

    def place(self, start: float, end: float) -> Place:
        """A function from values to places between `start` and `end`."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        return lambda v: start + (end - start) * (self._scaled(v) - low) / (high - low)

    def _scaled(self, value: float) -> float:
        return math.log10(max(value, 1e-9)) if self.log else value


UNIT = Axis(0.0, 1.0, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0))


def linear_axis(low: float, high: float, most: int = 6) -> Axis:
    """Around the values, with ticks at round numbers."""
    span = max(high - low, 1e-9)
    step = _round_step(span / most)
    first, last = math.floor(low / step), math.ceil(high / step)
    ticks = [i * step for i in range(first, max(last, first + 1) + 1)]
    return Axis(ticks[0], ticks[-1], ticks)


def score_axis(low: float, high: float) -> Axis:
    """For values in [0, 1]: near the values, never beyond 0 and 1, and at least 0.1 wide, for a
    tick has two digits.
    """
    low, high = max(low - 0.02, 0.0), min(high + 0.02, 1.0)
    axis = linear_axis(min(low, 0.9), max(high, min(low, 0.9) + 0.1), 5)
    ticks = [tick for tick in axis.ticks if -1e-9 <= tick <= 1 + 1e-9]
    return Axis(max(axis.low, 0.0), min(axis.high, 1.0), ticks)


def token_axis(low: float, high: float) -> Axis:
    """Logarithmic where the values span more than a factor of four, else from 0."""
    if low <= 0 or high / low <= 4:
        return linear_axis(0.0, high * 1.05, 5)
    low, high = low / 1.3, high * 1.3
    subs = (1, 2, 5) if high / low < 300 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [sub * 10.0**power for power in powers for sub in subs]
    return Axis(low, high, [tick for tick in ticks if low <= tick <= high], log=True)


def _round_step(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return power * next(s for s in (1, 2, 5, 10) if s * power >= step * (1 - 1e-9))


def frame(
    root: Element,
    x: Axis,
    y: Axis,
    titles: tuple[str, str],
    told: tuple[Callable[[float], str], Callable[[float], str]],
) -> tuple[Place, Place]:
    """Draw both axes with grid, ticks and titles; gives where values lie."""
    at_x, at_y = x.place(LEFT, WIDTH - RIGHT), y.place(HEIGHT - BOTTOM, TOP)
    grid = add(root, "g", class_="axis")
    for tick in y.ticks:
        add(grid, "line", x1=LEFT, x2=WIDTH - RIGHT, y1=at_y(tick), y2=at_y(tick))
        add(grid, "text", told[1](tick), x=LEFT - 6, y=at_y(tick) + 4, text_anchor="end")
    for tick in x.ticks:
        add(grid, "line", x1=at_x(tick), x2=at_x(tick), y1=HEIGHT - BOTTOM, y2=HEIGHT - BOTTOM + 4)
        add(grid, "text", told[0](tick), x=at_x(tick), y=HEIGHT - BOTTOM + 16, text_anchor="middle")
    middle = (LEFT + WIDTH - RIGHT) / 2
    add(grid, "text", titles[0], x=middle, y=HEIGHT - 6, text_anchor="middle", class_="title")
    add(
        grid,
        "text",
        titles[1],
        transform=f"translate(11 {(TOP + HEIGHT - BOTTOM) / 2:g}) rotate(-90)",
        text_anchor="middle",
        class_="title",
    )
    return at_x, at_y


def share(value: float) -> str:
    """0.4 as ".4", the ends as 0 and 1."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def thousands(value: float) -> str:
    """1500 as "1.5k", 2000000 as "2M"."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.1f}".removesuffix(".0") + unit
    return f"{value:g}"


_MARKS = {
    "o": "M5 0A5 5 0 1 1-5 0A5 5 0 1 1 5 0Z",
    "s": "M-4.5-4.5H4.5V4.5H-4.5Z",
    "d": "M0-6L6 0L0 6L-6 0Z",
    "u": "M0-6L5.5 4.5H-5.5Z",
    "v": "M0 6L5.5-4.5H-5.5Z",
    "p": "M-2-6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z",
    "l": "M-6 0L5-5.5V5.5Z",
    "r": "M6 0L-5-5.5V5.5Z",
}
SHAPES = tuple(_MARKS.values())
"""As many as series: told apart without colours too."""


def mark(
    parent: Element, series: int, x: float, y: float, title: str, *, hollow: bool = False
) -> None:
    """A series' mark with a text that the pointer shows."""
    path = add(
        parent,
        "path",
        d=SHAPES[series % SERIES],
        transform=f"translate({x:.1f} {y:.1f})",
        class_=f"mark s{series % SERIES}{' hollow' if hollow else ''}",
    )
    add(path, "title", title)


def line(parent: Element, points: Sequence[tuple[float, float]], class_: str) -> None:
    """A line through the points."""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    add(parent, "polyline", points=places, class_=class_)


def whisker(parent: Element, series: int, xs: tuple[float, float], ys: tuple[float, float]) -> None:
    """A thin line from one place to another, for an interval."""
    add(
        parent,
        "line",
        x1=xs[0],
        x2=xs[1],
        y1=ys[0],
        y2=ys[1],
        class_=f"whisker s{series % SERIES}",
    )
