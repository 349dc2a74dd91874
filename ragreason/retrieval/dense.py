"""Search by meaning."""

import asyncio
from collections.abc import Sequence

from ragreason.errors import IndexFolderError
from ragreason.index.folder import IndexFolder
from ragreason.index.passages import Mask
from ragreason.index.rank import Ranked
from ragreason.protocols import Embedder, Floats, Where
from ragreason.retrieval.hits import all_hits, check_k, mask_of
from ragreason.types import Hit


class Dense:
    """The nearest passages by cosine, exactly; scores are cosines.

    Raises IndexFolderError if the index was made by another embedder.
    """

    def __init__(self, index: IndexFolder, embedder: Embedder) -> None:
        check_embedder(index, embedder)
        self.name = "dense"
        self._index = index
        self._embedder = embedder

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        """At most `k` hits a query; one embed and one search for all queries."""
        check_k(k)
        vectors = await self._embedder.embed(queries, "query")
        return await asyncio.to_thread(self._retrieve, list(queries), vectors, k, where)

    def _retrieve(
        self, queries: list[str], vectors: Floats, k: int, where: Where | None
    ) -> list[list[Hit]]:
        ranked = self.rank(vectors, k, mask_of(self._index, where))
        return all_hits(self._index, ranked, self.name, queries, where)

    def rank(self, vectors: Floats, k: int, keep: Mask | None) -> list[Ranked]:
        """The same as rows, for (queries, dim) vectors. Blocks: to be called in a thread."""
        return self._index.flat.search(vectors, k, keep)


def check_embedder(index: IndexFolder, embedder: Embedder) -> None:
    """Raise IndexFolderError if vectors of `embedder` do not belong into this index."""
    made_by = index.manifest.embedder
    if made_by == embedder.name and index.manifest.dim != embedder.dim:
        raise IndexFolderError(
            f"{index.path}: has {index.manifest.dim} dimensions, embedder '{made_by}' gives "
            f"{embedder.dim}; build it again: ragreason index build PATH... --out {index.path}"
        )
    if made_by != embedder.name:
        raise IndexFolderError(
            f"{index.path}: made by embedder '{made_by}', not by '{embedder.name}'; use that one "
            f"(RAGREASON_EMBEDDER={made_by}), or build again: ragreason index build PATH... "
            f"--out {index.path} --embedder {embedder.name}"
        )
