"""Paragraphs of a record that carry a mark of their own: is it needed for the answer?"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ragreason.datasets.example import paragraph
from ragreason.datasets.records import Record, said
from ragreason.types import Passage


class Marks(NamedTuple):
    """Names in a record: the list of paragraphs, their text, and what marks a needed one."""

    field: str
    texts: tuple[str, ...]
    needed: tuple[str, ...]


def marked_paragraphs(record: Record, marks: Marks) -> tuple[tuple[Passage, ...], tuple[int, ...]]:
    """The paragraphs in order, and the positions of those that are needed.

    Paragraphs without text are left out; a missing list is an empty one. Raises DataError.
    """
    passages: list[Passage] = []
    needed: list[int] = []
    for value in record.optional(marks.field):
        found = _paragraph(record, marks, value)
        if found.text:
            if any(said(value.get(name)) for name in marks.needed):
                needed.append(len(passages))
            passages.append(found)
    return tuple(passages), tuple(needed)


def first(value: Mapping[str, Any], names: Sequence[str]) -> Any:
    """The value under the first of `names` that is there, or None."""
    return next((value[name] for name in names if name in value), None)


def _paragraph(record: Record, marks: Marks, value: Any) -> Passage:
    if not isinstance(value, dict):
        raise record.error(f"expected each of '{marks.field}' as an object")
    title, text = value.get("title") or "", first(value, marks.texts)
    if not isinstance(title, str) or not isinstance(text, str):
        raise record.error(
            f"expected texts 'title' and '{marks.texts[0]}' in each of '{marks.field}'"
        )
    return paragraph(title, text.strip())
