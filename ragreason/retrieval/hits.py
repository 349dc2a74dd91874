"""Ranked rows of an index to hits."""

from collections.abc import Sequence

from ragreason.errors import ConfigError
from ragreason.index.folder import IndexFolder
from ragreason.index.passages import Mask
from ragreason.index.rank import Ranked
from ragreason.protocols import Where
from ragreason.types import Hit


def to_hits(
    index: IndexFolder, ranked: Ranked, source: str, query: str, where: Where | None = None
) -> list[Hit]:
    """One hit a row, ranks from 1; of a passage in several documents, the first that fits."""
    return all_hits(index, [ranked], source, [query], where)[0]


def all_hits(
    index: IndexFolder,
    ranked: Sequence[Ranked],
    source: str,
    queries: Sequence[str],
    where: Where | None = None,
) -> list[list[Hit]]:
    """Hits of every query, in order; a passage that several find is read once."""
    passages = index.passages.fitting((row for rows in ranked for row, _ in rows), where)
    return [
        [
            Hit(passage=passages[row], score=score, rank=rank, source=source, query=query)
            for rank, (row, score) in enumerate(rows, 1)
        ]
        for rows, query in zip(ranked, queries, strict=True)
    ]


def mask_of(index: IndexFolder, where: Where | None) -> Mask | None:
    """Which rows a filter keeps; None keeps all. It applies before ranking, so k is reached."""
    return index.passages.mask(where) if where else None


def check_k(k: int) -> None:
    """Raise ConfigError unless at least one hit is asked for."""
    if k < 1:
        raise ConfigError(f"k is {k}, expected 1 or more hits a query")
