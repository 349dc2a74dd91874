"""Pictures of a graph: Mermaid text, and SVG drawn here, without any network."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from unicodedata import east_asian_width

from ragreason.graph.definition import END, START, Condition, Definition, Edge, NodeSpec
from ragreason.graph.layout import Box, Cell, Layout, Line, lay_out

MARGIN = 20.0
_TITLE = 46.0
_FONT = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif"
_COLOURS = {
    "retrieve": ("#e0efff", "#3b82c4"),
    "answer": ("#def7e5", "#2f9e5b"),
    "abstain": ("#def7e5", "#2f9e5b"),
    "grade": ("#fff0db", "#d9822b"),
    "check": ("#fff0db", "#d9822b"),
    "reason": ("#efe6ff", "#8256d0"),
    "graph": ("#dff5f3", "#2a9d8f"),
}
_PLAIN = ("#f1f3f6", "#6b7785")


@dataclass(frozen=True)
class Arrow:
    """One drawn edge; `style` is plain, each (one branch an item) or then (a bound's exit)."""

    source: str
    target: str
    label: str
    style: str


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


def to_mermaid(definition: Definition) -> str:
    """A Mermaid flowchart, as GitHub and many editors show it."""
    lines = ["flowchart TD", "  start([START])", "  stop([END])"]
    for name, spec in definition.nodes.items():
        text = escape(name if describe(spec) == name else f"{name}<br/>{describe(spec)}")
        text = text.replace("&lt;br/&gt;", "<br/>").replace("&quot;", "#quot;")
        left, right = ("[[", "]]") if spec.graph is not None else ("[", "]")
        lines.append(f'  {_id(name)}{left}"{text}"{right}')
    shafts = {"plain": "-->", "each": "==>", "then": "-.->"}
    for arrow in arrows(definition):
        label = f'|"{escape(arrow.label)}"|' if arrow.label else ""
        shaft = shafts[arrow.style]
        lines.append(f"  {_id(arrow.source)} {shaft}{label} {_id(arrow.target)}")
    return "\n".join(lines) + "\n"


def _id(name: str) -> str:
    """A Mermaid identifier; some plain words (`end`, `graph`) are reserved there."""
    return {START: "start", END: "stop"}.get(name, f"n_{name.replace('-', '_')}")


def to_svg(definition: Definition) -> str:
    """An SVG document with its own light background."""
    names = [START, *definition.nodes, END]
    drawn = arrows(definition)
    boxes = {name: _room(name, definition, drawn) for name in names}
    lines = [Line(a.source, a.target, _label_box(a.label)) for a in drawn]
    layout = lay_out(boxes, lines)
    body = [_edge(i, arrow, layout, definition) for i, arrow in enumerate(drawn)]
    body += [_node(name, layout.nodes[name], definition) for name in names]
    body += [_edge_label(i, arrow, layout, definition) for i, arrow in enumerate(drawn)]
    return _document(definition, layout, body)


def _document(definition: Definition, layout: Layout, body: Sequence[str]) -> str:
    paradigm = definition.paradigm.replace("_", " ")
    titled = _text_width(definition.name, 15) * 1.1 + _text_width(paradigm, 11) + 20
    width = max(layout.width, titled) + 2 * MARGIN
    height = layout.height + _TITLE + 2 * MARGIN
    left = (width - layout.width) / 2
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" font-family="{_FONT}" role="img" '
        f'aria-label="{escape(definition.name)}">'
    )
    arrowhead = "".join(
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="10" '
        f'markerHeight="10" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path d="M0,0.5 L8,4 L0,7.5 z" fill="{colour}"/></marker>'
        for name, colour in (("plain", "#57606a"), ("then", "#c2410c"), ("each", "#2a9d8f"))
    )
    title = (
        f'<text x="{MARGIN}" y="{MARGIN + 12}" font-size="15" font-weight="600" fill="#1f2328">'
        f"{escape(definition.name)}"
        f'<tspan dx="10" font-size="11" font-weight="400" fill="#6b7785">{paradigm}</tspan></text>'
    )
    return "\n".join(
        [
            head,
            f"<title>{escape(definition.description or definition.name)}</title>",
            f"<defs>{arrowhead}</defs>",
            f'<rect width="{width:.0f}" height="{height:.0f}" rx="10" fill="#ffffff"/>',
            title,
            f'<g transform="translate({left:.1f},{MARGIN + _TITLE})">',
            *(part for part in body if part),
            "</g>",
            "</svg>",
            "",
        ]
    )


def _text_width(text: str, size: float) -> float:
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
    width = max(_text_width(name, 14) * 1.06, _text_width(detail, 11)) + 28
    return Box(max(width, 92), 44)


def _room(name: str, definition: Definition, drawn: Sequence[Arrow]) -> Box:
    """The node's box, widened on both sides if an arrow leads from it to itself."""
    box = _node_box(name, definition)
    loops = [_label_box(a.label).width for a in drawn if a.source == a.target == name]
    return Box(box.width + 2 * (max(loops) + 32), box.height) if loops else box


def _label_box(label: str) -> Box:
    return Box(_text_width(label, 11) + 10, 17) if label else Box(0, 0)


def _node(name: str, cell: Cell, definition: Definition) -> str:
    box = _node_box(name, definition)
    x, y = cell.x - box.width / 2, cell.y - box.height / 2
    rect = f'<rect x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}" height="{box.height}"'
    middle = f'text-anchor="middle" x="{cell.x:.1f}"'
    if name in {START, END}:
        return (
            f'{rect} rx="13" fill="#1f2328"/>'
            f'<text {middle} y="{cell.y + 4:.1f}" font-size="11" fill="#ffffff">{name}</text>'
        )
    spec = definition.nodes[name]
    detail = describe(spec)
    top = cell.y + 5 if detail == name else cell.y - 2
    fill, stroke = _COLOURS.get(spec.use, _PLAIN)
    return (
        f'{rect} rx="8" fill="{fill}" stroke="{stroke}" stroke-width="1.3"/>'
        f'<text {middle} y="{top:.1f}" font-size="14" font-weight="600" fill="#1f2328">'
        f"{escape(name)}</text>"
    ) + (
        f'<text {middle} y="{cell.y + 14:.1f}" font-size="11" fill="#57606a">'
        f"{escape(detail)}</text>"
        if detail != name
        else ""
    )


def _edge(i: int, arrow: Arrow, layout: Layout, definition: Definition) -> str:
    route = layout.routes[i]
    if arrow.source == arrow.target:
        path = _loop_path(route[0], _node_box(arrow.source, definition))
    else:
        path = _path(route, upwards=i in layout.backward)
    colour = {"plain": "#57606a", "then": "#c2410c", "each": "#2a9d8f"}[arrow.style]
    extra = {"plain": "", "then": ' stroke-dasharray="5 4"', "each": ""}[arrow.style]
    width = 2.4 if arrow.style == "each" else 1.4
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{extra} '
        f'marker-end="url(#{arrow.style})"/>'
    )


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


def _edge_label(i: int, arrow: Arrow, layout: Layout, definition: Definition) -> str:
    if not arrow.label:
        return ""
    box = _label_box(arrow.label)
    x, y = layout.routes[i][1].x, layout.routes[i][1].y
    if arrow.source == arrow.target:
        x += (_node_box(arrow.source, definition).width + box.width) / 2 + 28
    colour = {"plain": "#1f2328", "then": "#c2410c", "each": "#1d7268"}[arrow.style]
    return (
        f'<rect x="{x - box.width / 2:.1f}" y="{y - box.height / 2:.1f}" width="{box.width:.1f}" '
        f'height="{box.height}" rx="4" fill="#ffffff"/>'
        f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle" font-size="11" '
        f'fill="{colour}">{escape(arrow.label)}</text>'
    )
