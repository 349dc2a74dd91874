"""The documents of an index as MCP resources, listed in pages and read whole."""

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from ragreason.errors import ToolError
from ragreason.index.folder import IndexFolder
from ragreason.types import Passage

if TYPE_CHECKING:
    from mcp_types import Resource

PREFIX = "ragreason://documents/"
TEMPLATE = PREFIX + "{document}"
TEXT = "text/plain"
PAGE = 100
MOST_CHARS = 1_000_000


def uri_of(document: str) -> str:
    """The resource of a document; "" where a passage names none."""
    return PREFIX + quote(document, safe="") if document else ""


def listed(index: IndexFolder, cursor: str | None) -> tuple[list["Resource"], str | None]:
    """A page of documents in corpus order, from the `cursor` that the page before gave, and the
    next one's cursor. Raises ToolError for a cursor that no page gave.
    """
    from mcp_types import Resource

    first = int(cursor) if cursor and cursor.isascii() and cursor.isdecimal() else 0
    documents = index.passages.documents
    if (cursor is not None and str(first) != cursor) or first > len(documents):
        raise ToolError("there is no such page; begin again without a cursor")
    found = [
        Resource(name=document, title=title or document, uri=uri_of(document), mime_type=TEXT)
        for document, title in islice(documents.items(), first, first + PAGE)
    ]
    after = first + PAGE
    return found, str(after) if after < len(documents) else None


def read(index: IndexFolder, uri: str) -> str:
    """A document's title and text, cut at a million characters. Raises ToolError where there is
    none.
    """
    document = unquote(uri.removeprefix(PREFIX)) if uri.startswith(PREFIX) else ""
    passages = passages_of(index, document)
    if not passages:
        raise ToolError(f"no document at '{uri[:200]}'; resources/list names them")
    text = f"{passages[0].title}\n\n{joined(passages)}".strip()
    left = len(text) - MOST_CHARS
    return text if left <= 0 else f"{text[:MOST_CHARS]}\n… ({left:,} more characters are left out)"


def passages_of(index: IndexFolder, document: str) -> list[Passage]:
    """A document's passages in its order; none of an unknown one."""
    store = index.passages
    rows = store.in_order(store.of_document(document)) if document in store.documents else []
    found = store.at(rows)
    return [found[row] for row in rows]


def joined(passages: Sequence[Passage]) -> str:
    """The text that passages in order stand in: what neighbours share is there once."""
    text, page, end = "", None, 0
    for passage in passages:
        exact = passage.end - passage.start == len(passage.text)
        shared = end - passage.start if text and exact and passage.page == page else 0
        if shared > 0:
            text += passage.text[shared:]
        else:
            text += f"\n\n{passage.text}" if text else passage.text
        page, end = passage.page, max(passage.end, end if passage.page == page else 0)
    return text
