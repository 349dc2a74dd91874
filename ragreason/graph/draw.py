"""Pictures of a graph: Mermaid text, and SVG drawn here, without any network."""

from collections.abc import Sequence
from html import escape

from ragreason.graph.definition import END, START, Definition
from ragreason.graph.picture import (
    PlacedArrow,
    PlacedNode,
    arrows,
    describe,
    picture,
    text_width,
)

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
    drawn = picture(definition)
    body = [_edge(placed) for placed in drawn.arrows]
    body += [_node(placed) for placed in drawn.nodes]
    body += [_edge_label(placed) for placed in drawn.arrows if placed.arrow.label]
    return _document(definition, drawn.width, drawn.height, body)


def _document(definition: Definition, inner: float, tall: float, body: Sequence[str]) -> str:
    paradigm = definition.paradigm.replace("_", " ")
    titled = text_width(definition.name, 15) * 1.1 + text_width(paradigm, 11) + 20
    width = max(inner, titled) + 2 * MARGIN
    height = tall + _TITLE + 2 * MARGIN
    left = (width - inner) / 2
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
            *body,
            "</g>",
            "</svg>",
            "",
        ]
    )


def _node(node: PlacedNode) -> str:
    x, y = node.x - node.width / 2, node.y - node.height / 2
    rect = f'<rect x="{x:.1f}" y="{y:.1f}" width="{node.width:.1f}" height="{node.height}"'
    middle = f'text-anchor="middle" x="{node.x:.1f}"'
    if node.name in {START, END}:
        return (
            f'{rect} rx="13" fill="#1f2328"/>'
            f'<text {middle} y="{node.y + 4:.1f}" font-size="11" fill="#ffffff">{node.name}</text>'
        )
    top = node.y + 5 if node.detail == node.name else node.y - 2
    fill, stroke = _COLOURS.get(node.use, _PLAIN)
    return (
        f'{rect} rx="8" fill="{fill}" stroke="{stroke}" stroke-width="1.3"/>'
        f'<text {middle} y="{top:.1f}" font-size="14" font-weight="600" fill="#1f2328">'
        f"{escape(node.name)}</text>"
    ) + (
        f'<text {middle} y="{node.y + 14:.1f}" font-size="11" fill="#57606a">'
        f"{escape(node.detail)}</text>"
        if node.detail != node.name
        else ""
    )


def _edge(placed: PlacedArrow) -> str:
    style = placed.arrow.style
    colour = {"plain": "#57606a", "then": "#c2410c", "each": "#2a9d8f"}[style]
    extra = {"plain": "", "then": ' stroke-dasharray="5 4"', "each": ""}[style]
    width = 2.4 if style == "each" else 1.4
    return (
        f'<path d="{placed.path}" fill="none" stroke="{colour}" stroke-width="{width}"{extra} '
        f'marker-end="url(#{style})"/>'
    )


def _edge_label(placed: PlacedArrow) -> str:
    x, y, label = placed.x, placed.y, placed.arrow.label
    colour = {"plain": "#1f2328", "then": "#c2410c", "each": "#1d7268"}[placed.arrow.style]
    return (
        f'<rect x="{x - placed.width / 2:.1f}" y="{y - placed.height / 2:.1f}" '
        f'width="{placed.width:.1f}" height="{placed.height}" rx="4" fill="#ffffff"/>'
        f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle" font-size="11" '
        f'fill="{colour}">{escape(label)}</text>'
    )
