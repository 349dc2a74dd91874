"""Markdown: headings are titles of sections. Offsets are those of the file's own text."""

import re
from pathlib import Path

from ragreason.corpus.document import Document, Section
from ragreason.corpus.files import read_text, title_of

_HEADING = re.compile(r"^(?P<level>\#{1,6})[ \t](?P<title>.*)$")
_FENCE = re.compile(r"^ {0,3}(```(?=`*[^`]*$)|~~~)")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---[ \t]*\n", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:[ \t]*[\"']?(.+?)[\"']?[ \t]*$", re.MULTILINE)


def load_markdown(path: Path) -> Document:
    """One document. The first level-1 heading (else front matter, else the file name) is its title;
    each heading opens a section, titled "document: heading" below the first.
    """
    text = read_text(path)
    front = _FRONT_MATTER.match(text)
    body = front.end() if front else 0
    headings = _headings(text, body)
    title = _title(path, front[0] if front else "", headings)
    sections, start, label = [], body, title
    for begin, end, level, heading in headings:
        sections.append(Section(start, begin, label))
        start, label = end, title if level == 1 and heading == title else f"{title}: {heading}"
    sections.append(Section(start, len(text), label))
    filled = tuple(s for s in sections if text[s.start : s.end].strip())
    return Document(str(path), str(path), title, text, filled)


def _title(path: Path, front: str, headings: list[tuple[int, int, int, str]]) -> str:
    named = _FRONT_TITLE.search(front)
    if named:
        return named[1]
    return next((t for _, _, level, t in headings if level == 1 and t), title_of(path))


def _headings(text: str, start: int) -> list[tuple[int, int, int, str]]:
    """(start, end, level, title) of each heading line outside of code blocks."""
    found, fenced, position = [], "", start
    for line in text[start:].splitlines(keepends=True):
        fence = _FENCE.match(line)
        if fence and fenced in ("", fence[1]):
            fenced = "" if fenced else fence[1]
        heading = None if fenced or fence else _HEADING.match(line.rstrip("\n"))
        if heading:
            end = position + len(line)
            found.append((position, end, len(heading["level"]), _unclosed(heading["title"])))
        position += len(line)
    return found


def _unclosed(heading: str) -> str:
    """A heading without the marks that may close it: "Fish ##" gives "Fish", "C#" stays."""
    text = heading.strip(" \t")
    body = text.rstrip("#")
    return text if body and body[-1] not in " \t" else body.rstrip(" \t")
