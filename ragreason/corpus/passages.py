"""The one place where passages are made."""

from collections.abc import Mapping

from ragreason.text.passages import passage_id
from ragreason.types import Passage, Scalar


def passage(
    title: str,
    text: str,
    *,
    document: str = "",
    page: int | None = None,
    start: int = 0,
    end: int | None = None,
    metadata: Mapping[str, Scalar] | None = None,
) -> Passage:
    """A passage with its id: the first 16 hex digits of SHA-256 over title, newline, text.

    The rest (`document`, `page`, the span, `metadata`) is not part of the id. `end` is by default
    `start` plus the text's length.
    """
    return Passage(
        id=passage_id(title, text),
        title=title,
        text=text,
        document=document,
        page=page,
        start=start,
        end=start + len(text) if end is None else end,
        metadata=dict(metadata or {}),
    )
