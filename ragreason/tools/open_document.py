"""A document of the index, whole, where a search gave one passage of it."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.errors import ToolError
from ragreason.index.folder import IndexFolder
from ragreason.protocols import ToolResult
from ragreason.types import Hit, Passage

_NUMBER = re.compile(r"\[?\s*(\d{1,4})\s*\]?")


@dataclass(frozen=True)
class OpenDocument:
    """All passages of one document, in its order, as far as they fit into `max_chars`.

    The document is named by the number of a passage shown or by its title, letter case and spaces
    aside; a title that is itself a number counts as a title where no such passage is shown. Of
    several documents with the title, the first of the corpus is opened. What was left out is told.
    """

    name: ClassVar[str] = "open_document"
    description: ClassVar[str] = "read all of one document, by the number or title of a passage"
    descriptions: ClassVar[Mapping[str, str]] = {"zh": "按段落的编号或标题，读一篇文档的全文"}
    parameters: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "properties": {"document": {"type": "string", "minLength": 1, "maxLength": 300}},
        "required": ["document"],
        "additionalProperties": False,
    }

    index: IndexFolder
    max_chars: Annotated[int, Field(ge=100, le=100_000)] = 2000

    async def run(self, arguments: Mapping[str, Any], shown: Sequence[Hit]) -> ToolResult:
        """The passages. Raises ToolError where there is no such document."""
        named = str(arguments["document"])
        kept, left = await asyncio.to_thread(self._opened, named, shown)
        if not kept:
            raise ToolError(f"no document '{_short(named)}'; give a title or number shown above")
        hits = (
            Hit(passage=p, score=1.0, rank=rank, source=self.name, query=named)
            for rank, p in enumerate(kept, start=1)
        )
        return ToolResult(f"{left} more passages of it are left out" if left else "", tuple(hits))

    def _opened(self, named: str, shown: Sequence[Hit]) -> tuple[list[Passage], int]:
        """The passages that fit, one at least, and how many are left out; none of no document."""
        meant = self._meant(named, shown)
        if meant is None:
            return [], 0
        rows, kept, room = self._rows(meant), list[Passage](), self.max_chars
        for row in rows:
            passage = self.index.passages[row]
            room -= len(passage.text)
            if kept and room < 0:
                break
            kept.append(passage)
        return kept or [meant], len(rows) - len(kept)

    def _meant(self, named: str, shown: Sequence[Hit]) -> Passage | None:
        """A passage of the document."""
        number = _NUMBER.fullmatch(named.strip())
        if number and 1 <= int(number[1]) <= len(shown):
            return shown[int(number[1]) - 1].passage
        titled = next((h.passage for h in shown if _same(h.passage.title, named)), None)
        if titled is not None:
            return titled
        rows = self.index.passages.titled(named)
        return self.index.passages[rows[0]] if rows else None

    def _rows(self, passage: Passage) -> list[int]:
        """The rows of its document, in order; those of its title where it names no document."""
        store = self.index.passages
        rows = store.of_document(passage.document) if passage.document else []
        return store.in_order(rows or (store.titled(passage.title) if passage.title else []))


def _same(title: str, named: str) -> bool:
    return " ".join(title.split()).casefold() == " ".join(named.split()).casefold()


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
