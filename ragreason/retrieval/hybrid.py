"""Search by words and by meaning at once."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from ragreason.index.folder import IndexFolder
from ragreason.index.rank import Ranked, in_order
from ragreason.protocols import Embedder, Floats, Where
from ragreason.retrieval.bm25 import BM25
from ragreason.retrieval.dense import Dense
from ragreason.retrieval.fuse import reciprocal_rank_fusion
from ragreason.retrieval.hits import all_hits, check_k, mask_of
from ragreason.types import Hit


class Hybrid:
    """BM25 and dense hits, fused by reciprocal ranks; scores are sums of 1 / (c + rank).

    Each part is asked for max(`depth`, 2 k) hits: what one ranks low, the other may lift.
    """

    def __init__(
        self,
        index: IndexFolder,
        embedder: Embedder,
        depth: Annotated[int, Field(ge=1)] = 100,
        c: Annotated[float, Field(ge=0)] = 60.0,
    ) -> None:
        self.name = "hybrid"
        self._index = index
        self._embedder = embedder
        self._words = BM25(index)
        self._meaning = Dense(index, embedder)
        self._depth = depth
        self._c = c

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        """At most `k` hits a query. Words are searched for while the queries are embedded."""
        check_k(k)
        depth = max(self._depth, 2 * k)
        words, vectors = await asyncio.gather(
            asyncio.to_thread(self._by_words, queries, depth, where),
            self._embedder.embed(queries, "query"),
        )
        return await asyncio.to_thread(self._retrieve, queries, words, vectors, k, where)

    def _by_words(self, queries: Sequence[str], depth: int, where: Where | None) -> list[Ranked]:
        return self._words.rank(queries, depth, mask_of(self._index, where))

    def _retrieve(
        self,
        queries: Sequence[str],
        words: Sequence[Ranked],
        vectors: Floats,
        k: int,
        where: Where | None,
    ) -> list[list[Hit]]:
        depth = max(self._depth, 2 * k)
        meaning = self._meaning.rank(vectors, depth, mask_of(self._index, where))
        ranked = [self._fused(pair)[:k] for pair in zip(words, meaning, strict=True)]
        return all_hits(self._index, ranked, self.name, queries, where)

    def _fused(self, parts: Sequence[Ranked]) -> Ranked:
        rows = [[row for row, _ in part] for part in parts]
        scores = reciprocal_rank_fusion(rows, self._c)
        return in_order(list(scores), list(scores.values()))
