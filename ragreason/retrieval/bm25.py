"""Search by words."""

import asyncio
from collections.abc import Sequence

from ragreason.index.folder import IndexFolder
from ragreason.index.passages import Mask
from ragreason.index.rank import Ranked
from ragreason.protocols import Where
from ragreason.retrieval.hits import all_hits, check_k, mask_of
from ragreason.types import Hit


class BM25:
    """BM25 over title and text; scores are BM25's own, always above 0."""

    def __init__(self, index: IndexFolder) -> None:
        self.name = "bm25"
        self._index = index

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        """At most `k` hits a query; passages without any of the query's words are none."""
        check_k(k)
        return await asyncio.to_thread(self._retrieve, list(queries), k, where)

    def _retrieve(self, queries: list[str], k: int, where: Where | None) -> list[list[Hit]]:
        ranked = self.rank(queries, k, mask_of(self._index, where))
        return all_hits(self._index, ranked, self.name, queries, where)

    def rank(self, queries: Sequence[str], k: int, keep: Mask | None) -> list[Ranked]:
        """The same as rows. Blocks: to be called in a thread."""
        return self._index.sparse.search(queries, k, keep)
