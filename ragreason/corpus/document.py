"""A document as loaders give it: its text, and which stretches of it belong together."""

from dataclasses import dataclass, field
from typing import NamedTuple

from ragreason.types import Scalar


class Section(NamedTuple):
    """`document.text[start:end]`, under one heading, on one page (from 1)."""

    start: int
    end: int
    title: str
    page: int | None = None


@dataclass(frozen=True)
class Document:
    """What one file, or one record of a file, says.

    `id` is what citations show and `delete` takes: the path as given, with `#` and the record's id
    or number for files of records. `source` is the file. A `whole` document is never chunked.
    """

    id: str
    source: str
    title: str
    text: str
    sections: tuple[Section, ...] = ()
    metadata: dict[str, Scalar] = field(default_factory=dict)
    whole: bool = False

    def parts(self) -> tuple[Section, ...]:
        """The sections, or the whole text as one."""
        return self.sections or (Section(0, len(self.text), self.title),)
