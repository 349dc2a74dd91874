"""Small pieces of HTML for notebooks: every text escaped, every colour the reader's own.

Styles stand at the elements, as notebooks drop style sheets of outputs that they don't trust.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

FADED = "opacity:.65"
_BOX = "font-family:inherit;line-height:1.5;max-width:60em"
_LINE = "border-top:1px solid color-mix(in srgb,currentColor 25%,transparent)"
_CELL = "text-align:left;vertical-align:top;padding:.15em .8em .15em 0;background:none"
_NUMBER = "text-align:right;vertical-align:top;padding:.15em .8em;font-variant-numeric:tabular-nums"


class Markup(str):
    """Markup, to be left as it is; any other text is escaped where it is put in."""

    __slots__ = ()


def tag(name: str, *inside: str, style: str = "", title: str = "", **attributes: str) -> Markup:
    """An element. `tag("b", "a < b")` gives `<b>a &lt; b</b>`."""
    given = {"style": style, "title": title, **attributes}
    written = "".join(f' {key}="{escape(value)}"' for key, value in given.items() if value)
    held = "".join(text if isinstance(text, Markup) else escape(text) for text in inside)
    return Markup(f"<{name}{written}>{held}</{name}>")


def joined(pieces: Iterable[str]) -> Markup:
    """The pieces one after the other, texts escaped."""
    return Markup("".join(p if isinstance(p, Markup) else escape(p) for p in pieces))


def box(*inside: str) -> Markup:
    """What a notebook shows as one output."""
    return tag("div", *inside, style=_BOX)


def folded(heading: str, *inside: str, opened: bool = False) -> Markup:
    """A part that is opened by a click."""
    summary = tag("summary", heading, style="cursor:pointer")
    attributes = {"open": "open"} if opened else {}
    return tag("details", summary, *inside, style=f"{_LINE};padding:.3em 0", **attributes)


@dataclass(frozen=True)
class Row:
    """A node of a tree: how deep it stands, its kind, what it says, and what is said of it."""

    depth: int
    kind: str
    text: str
    figures: Sequence[float | None] = ()
    strong: bool = False
    faded: bool = False


def tree_table(rows: Sequence[Row], columns: Sequence[str] = ()) -> Markup:
    """A table, a row a node, indented by its depth. Columns where nobody says anything are left
    out.
    """
    told = [n for n in range(len(columns)) if any(row.figures[n] is not None for row in rows)]
    heads = [tag("th", columns[n], style=_NUMBER) for n in told]
    lines = [tag("tr", tag("th", style=_CELL), tag("th", style=_CELL), *heads)] if told else []
    for row in rows:
        indent = f"{_CELL};padding-left:{min(row.depth, 24)}em"
        kind = tag("td", row.kind, style=f"{indent};white-space:nowrap;{FADED}")
        text = tag("b" if row.strong else "span", row.text)
        cells = [tag("td", _figure(row.figures[n]), style=_NUMBER) for n in told]
        style = "background:none" + (f";{FADED};text-decoration:line-through" if row.faded else "")
        lines.append(tag("tr", kind, tag("td", text, style=_CELL), *cells, style=style))
    table = tag("table", *lines, style="border-collapse:collapse;border:0;margin:.3em 0")
    return tag("div", table, style="overflow-x:auto")


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.2f}"
