"""Embedding calls that are made at the same time become one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ragreason.concurrency import Coalescer, all_or_none
from ragreason.protocols import Embedder, EmbedKind, Floats

BATCH = 64


@dataclass(frozen=True)
class _Asked:
    texts: tuple[str, ...]
    kind: EmbedKind


class CoalescingEmbedder:
    """An embedder whose concurrent calls go together, at most `batch` texts in one.

    A text that several ask for at once is embedded once. A call with more texts than `batch` goes
    alone, whole. Vectors are the embedder's own: as equal in a batch and alone as it makes them.
    """

    def __init__(self, embedder: Embedder, batch: Annotated[int, Field(ge=1)] = BATCH) -> None:
        self._embedder = embedder
        self._calls = Coalescer(self._embed, batch)

    @property
    def name(self) -> str:
        """The embedder's."""
        return self._embedder.name

    @property
    def dim(self) -> int:
        """The embedder's."""
        return self._embedder.dim

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        """As the embedder."""
        return await self._calls.submit(_Asked(tuple(texts), kind), len(texts))

    async def _embed(self, asked: list[_Asked]) -> list[Floats]:
        kinds = list(dict.fromkeys(one.kind for one in asked))
        found = await all_or_none(self._embed_all(asked, kind) for kind in kinds)
        rows = dict(zip(kinds, found, strict=True))
        results = []
        for one in asked:
            row_of, vectors = rows[one.kind]
            results.append(vectors[[row_of[text] for text in one.texts]])  # a copy of one's own
        return results

    async def _embed_all(
        self, asked: list[_Asked], kind: EmbedKind
    ) -> tuple[dict[str, int], Floats]:
        texts = dict.fromkeys(text for one in asked if one.kind == kind for text in one.texts)
        vectors = await self._embedder.embed(list(texts), kind)
        return {text: row for row, text in enumerate(texts)}, vectors


def coalescing(embedder: Embedder) -> CoalescingEmbedder:
    """The embedder, coalescing; itself if it is that already."""
    return embedder if isinstance(embedder, CoalescingEmbedder) else CoalescingEmbedder(embedder)
