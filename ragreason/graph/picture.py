"""Where everything of a graph is drawn: boxes, arrows and labels, as numbers, in no format yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from unicodedata import east_asian_width

from ragreason.graph.definition import END, START, Condition, Definition, Edge, NodeSpec
from ragreason.graph.layout import Box, Cell, Layout, Line, lay_out


@dataclass(frozen=True)
class Arrow:
    """One drawn edge; `style` is plain, each (one branch an item) or then (a bound's exit)."""

    source: str
    target: str
    label: str
    style: str


@dataclass(frozen=True)
class PlacedNode:
    """A node's box, `x` and `y` its centre, in pixels; `use` is empty for START and END."""

    name: str
    detail: str
    use: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class PlacedArrow:
    """An arrow's way, as the data of an SVG path, and its label's box, if it has a label."""

    arrow: Arrow
    path: str
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True)
class Picture:
    """A graph's drawing, in pixels from the top left."""

    nodes: Sequence[PlacedNode]
    arrows: Sequence[PlacedArrow]
    width: float
    height: float


def picture(definition: Definition) -> Picture:
    """The drawing, the same each time. The names that edges lead to are known to exist."""
    names = [START, *definition.nodes, END]
    drawn = arrows(definition)
    boxes = {name: _room(name, definition, drawn) for name in names}
    lines = [Line(a.source, a.target, _label_box(a.label)) for a in drawn]
    layout = lay_out(boxes, lines)
    return Picture(
        [_placed(name, layout.nodes[name], definition) for name in names],
        [_arrow(i, arrow, layout, definition) for i, arrow in enumerate(drawn)],
        layout.width,
        layout.height,
    )


def describe(spec: NodeSpec) -> str:
    """A node's kind and the parts that make it what it is."""
    if spec.graph is not None:
        return f"graph {spec.graph}"
    parts = [part for part in (spec.policy, spec.strategy, spec.verifier) if part is not None]
    detail = " × ".join(part.graph or part.use for part in parts)
    return f"{spec.use}: {detail}" if detail else spec.use


def say(condition: Condition) -> str:
    """A condition in words."""
    if condition.is_ is not None:
        return f"{condition.field} is {condition.is_.replace('_', ' ')}"
    if condition.equals is not None:
        return f"{condition.field} = {condition.equals}"
    sign, bound = (
        ("≥", condition.at_least) if condition.at_least is not None else ("≤", condition.at_most)
    )
    return f"{condition.field} {sign} {bound:g}"


def arrows(definition: Definition) -> list[Arrow]:
    """What is drawn for the edges: a bounded one is two arrows."""
    found: list[Arrow] = []
    for edge in definition.edges:
        style = "each" if edge.each is not None else "plain"
        found.append(Arrow(edge.from_, edge.to, _label(edge), style))
        if edge.then is not None:
            found.append(Arrow(edge.from_, edge.then, "then", "then"))
    return found


def _label(edge: Edge) -> str:
    words = [say(edge.when)] if edge.when is not None else []
    words += ["otherwise"] if edge.otherwise else []
    words += [f"each of {edge.each}"] if edge.each is not None else []
    words += [f"at most {edge.at_most}×"] if edge.at_most is not None else []
    return ", ".join(words)


def text_width(text: str, size: float) -> float:
    """About how wide a text is in a sans-serif font, in pixels."""
    wide = {"W", "F"}
    units = sum(
        1.0 if east_asian_width(c) in wide else 0.3 if c in "il.,:|'" else 0.57 for c in text
    )
    return units * size


def _node_box(name: str, definition: Definition) -> Box:
    if name in {START, END}:
        return Box(64, 26)
    detail = describe(definition.nodes[name])
    width = max(text_width(name, 14) * 1.06, text_width(detail, 11)) + 28
    return Box(max(width, 92), 44)


def _room(name: str, definition: Definition, drawn: Sequence[Arrow]) -> Box:
    """The node's box, widened on both sides if an arrow leads from it to itself."""
    box = _node_box(name, definition)
    loops = [_label_box(a.label).width for a in drawn if a.source == a.target == name]
    return Box(box.width + 2 * (max(loops) + 32), box.height) if loops else box


def _label_box(label: str) -> Box:
    return Box(text_width(label, 11) + 10, 17) if label else Box(0, 0)


def _placed(name: str, cell: Cell, definition: Definition) -> PlacedNode:
    box = _node_box(name, definition)
    spec = definition.nodes.get(name)
    detail, use = (describe(spec), spec.use) if spec is not None else ("", "")
    return PlacedNode(name, detail, use, cell.x, cell.y, box.width, box.height)


def _arrow(i: int, arrow: Arrow, layout: Layout, definition: Definition) -> PlacedArrow:
    route = layout.routes[i]
    looped = arrow.source == arrow.target
    if looped:
        path = _loop_path(route[0], _node_box(arrow.source, definition))
    else:
        path = _path(route, upwards=i in layout.backward)
    if not arrow.label:
        return PlacedArrow(arrow, path)
    box = _label_box(arrow.label)
    x, y = route[1].x, route[1].y
    if looped:
        x += (_node_box(arrow.source, definition).width + box.width) / 2 + 28
    return PlacedArrow(arrow, path, x, y, box.width, box.height)


def _path(cells: Sequence[Cell], *, upwards: bool) -> str:
    """Between the bottom of the first cell and the top of the last, straight through the others."""
    first, last = cells[0], cells[-1]
    points = [(_port(first, cells[1], below=True), first.y + first.box.height / 2, 0.0)]
    for before, cell, after in zip(cells, cells[1:], cells[2:], strict=False):
        half = cell.box.height / 2
        lean = 0.0 if half else (after.x - before.x) / (after.y - before.y)
        points += [(cell.x, cell.y - half, lean), (cell.x, cell.y + half, lean)]
    points.append((_port(last, cells[-2], below=False), last.y - last.box.height / 2, 0.0))
    if upwards:
        points.reverse()
    path = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    for (x0, y0, lean0), (x1, y1, lean1) in pairwise(points):
        part = (y1 - y0) / (2.2 if lean0 == lean1 == 0 else 3)
        path += f" C{x0 + lean0 * part:.1f},{y0 + part:.1f} "
        path += f"{x1 - lean1 * part:.1f},{y1 - part:.1f} {x1:.1f},{y1:.1f}"
    return path


def _port(cell: Cell, other: Cell, *, below: bool) -> float:
    """Where an arrow leaves or enters the cell: spread over its width, in the others' order."""
    near = sorted(cell.below if below else cell.above, key=lambda c: c.x)
    if len(near) < 2:
        return cell.x
    room = min(cell.box.width * 0.6, 26.0 * (len(near) - 1))
    place = next(i for i, c in enumerate(near) if c is other)
    return cell.x - room / 2 + room * place / (len(near) - 1)


def _loop_path(cell: Cell, box: Box) -> str:
    """From the right side of a node back to it."""
    x, y = cell.x + box.width / 2, cell.y
    return f"M{x:.1f},{y + 9:.1f} c34,8 34,-26 0,-18"
