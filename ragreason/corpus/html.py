"""HTML: what a reader sees. Offsets are those of the extracted text."""

import re
from html.parser import HTMLParser
from pathlib import Path

from ragreason.corpus.document import Document
from ragreason.corpus.files import read_text, title_of

_HIDDEN = frozenset("script style noscript template svg math iframe object head".split())
_BREAKS = frozenset("br hr tr li dt dd option".split())
_BLOCKS = frozenset(
    """p div section article header footer main aside nav h1 h2 h3 h4 h5 h6 ul ol dl table
    blockquote pre figure figcaption form fieldset address details summary body""".split()
)
_SPACES = re.compile(r"[^\S\n]+")
_AROUND_LINE = re.compile(r" *\n *")
_EMPTY_LINES = re.compile(r"\n{3,}")


def load_html(path: Path) -> Document:
    """One document: visible text, blocks parted by empty lines; scripts and styles are dropped.

    The title is that of <title>, else of the first <h1>, else the file's name.
    """
    parser = _Reader()
    parser.feed(_closed(read_text(path)))
    parser.close()
    title = _squeeze(parser.title) or _squeeze(parser.heading) or title_of(path)
    return Document(
        str(path), str(path), title.replace("\n", " "), _squeeze("".join(parser.pieces))
    )


def _closed(html: str) -> str:
    """The page with each "<" behind the last ">" as text: no tag ends there, and the library would
    look for the end of each through all of the rest.
    """
    end = html.rfind(">") + 1
    return html[:end] + html[end:].replace("<", "&lt;")


class _Reader(HTMLParser):
    """Collects visible text. Tolerates unclosed and misnested tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.title = ""
        self.heading = ""
        self._hidden: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag == "body":
            self._hidden.clear()  # a <head> that nobody closed
            self._inside = ""
        if tag in _HIDDEN:
            self._hidden.append(tag)
        if tag == "title" or (tag == "h1" and not self.heading):
            self._inside = tag
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            del self._hidden[self._hidden.index(tag) :]
        if tag == self._inside:
            self._inside = ""
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.title += data if "svg" not in self._hidden else ""
            return
        if self._hidden:
            return
        if self._inside == "h1":
            self.heading += data
        self.pieces.append(data.replace("\n", " "))

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Skip `<![...`, of which the library refuses the kinds that it does not know."""
        try:
            return super().parse_marked_section(i, report)
        except AssertionError:
            return self.parse_bogus_comment(i)

    def _break(self, tag: str) -> None:
        if not self._hidden and tag in _BLOCKS:
            self.pieces.append("\n\n")
        elif not self._hidden and tag in _BREAKS:
            self.pieces.append("\n")
        elif not self._hidden and tag in ("td", "th"):
            self.pieces.append(" ")


def _squeeze(text: str) -> str:
    lines = _AROUND_LINE.sub("\n", _SPACES.sub(" ", text))
    return _EMPTY_LINES.sub("\n\n", lines).strip()
