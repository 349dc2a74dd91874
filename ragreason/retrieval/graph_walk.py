"""Search along links: passages that those like the question, or what it names, lead to."""

import asyncio
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from ragreason.index.folder import IndexFolder
from ragreason.index.links import MENTIONED, Links, Weights
from ragreason.index.rank import Ranked, best
from ragreason.protocols import Embedder, Floats, Where
from ragreason.retrieval.dense import Dense
from ragreason.retrieval.hits import all_hits, check_k, mask_of
from ragreason.retrieval.pagerank import normalised, personalised_pagerank
from ragreason.types import Hit

_DECIMALS = 12  # as sums in another order differ in their last bits
_LEAST = 1e-6
_MOST_CELLS = 1 << 23  # 64 MiB for an array of all nodes and the queries walked for at once


class GraphWalk:
    """Personalised PageRank over the index's entities and passages; scores are probabilities.

    The walk starts again at the passages whose titles the query names, a title with the square of
    its best cosine over the best of all, or where no title is named, with weight `names`, at the
    names; and, with weight `passages`, at the `depth` passages closest in meaning. Each of these is
    split in proportion to cosine to the power of `sharpness`, or rarity. A link counts by the
    rarity of its entity, `titles` times where it is the passage's title, `names` times where it is
    nobody's. With a filter, of the closest passages only those that fit count, and what does not
    fit is no hit, but may be on the way.
    Source: HippoRAG and HippoRAG 2, arXiv 2405.14831, 2502.14802.
    """

    def __init__(
        self,
        index: IndexFolder,
        embedder: Embedder,
        damping: Annotated[float, Field(ge=0, le=0.99)] = 0.5,
        passages: Annotated[float, Field(ge=0)] = 0.125,
        sharpness: Annotated[float, Field(ge=0)] = 16.0,
        depth: Annotated[int, Field(ge=1)] = 200,
        titles: Annotated[float, Field(ge=0)] = 2.0,
        names: Annotated[float, Field(ge=0)] = 0.3,
    ) -> None:
        self.name = "graph_walk"
        self._index = index
        self._embedder = embedder
        self._meaning = Dense(index, embedder)
        self._damping = damping
        self._passages = passages
        self._sharpness = sharpness
        self._depth = depth
        self._titles = titles
        self._names = names

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        """At most `k` hits a query; one embed and one walk for all queries."""
        check_k(k)
        vectors = await self._embedder.embed(queries, "query")
        return await asyncio.to_thread(self._retrieve, list(queries), vectors, k, where)

    def _retrieve(
        self, queries: list[str], vectors: Floats, k: int, where: Where | None
    ) -> list[list[Hit]]:
        keep = mask_of(self._index, where)
        close = self._meaning.rank(vectors, self._depth, keep)
        ranked: list[Ranked] = []
        size = max(1, _MOST_CELLS // self._weights.shape[0])
        for first in range(0, len(queries), size):
            part = slice(first, first + size)
            restarts = self._restarts(queries[part], vectors[part], close[part])
            walked = personalised_pagerank(self._weights, restarts, self._damping)
            for scores in np.round(walked[: self._links.passages].T, _DECIMALS):  # (passages,)
                found = scores > 0 if keep is None else (scores > 0) & keep
                ranked.append(best(scores, found, k))
        return all_hits(self._index, ranked, self.name, queries, where)

    @cached_property
    def _links(self) -> Links:
        return self._index.links

    @cached_property
    def _weights(self) -> Any:
        """(passages + entities, the same) sparse and symmetric."""
        from scipy.sparse import block_array

        links = self._links
        matrix = links.matrix.copy()
        is_title = np.zeros(len(links.names), dtype=np.bool_)
        is_title[links.entities[links.kinds != MENTIONED]] = True
        worth = links.idf * np.where(is_title, 1.0, self._names)  # (entities,)
        kinds = np.where(links.kinds == MENTIONED, 1.0, self._titles)
        matrix.data = kinds * worth[links.entities]
        return block_array([[None, matrix], [matrix.T, None]], format="csr")

    def _restarts(
        self, queries: Sequence[str], vectors: Floats, close: Sequence[Ranked]
    ) -> Weights:
        """(passages + entities, queries): where the walk starts again."""
        nodes = self._weights.shape[0]
        named = np.zeros((nodes, len(queries)))
        similar = np.zeros((nodes, len(queries)))
        for column, (query, vector, ranked) in enumerate(zip(queries, vectors, close, strict=True)):
            named[:, column] = self._named(query, vector, ranked)
            rows = [row for row, _ in ranked]
            similar[rows, column] = self._worth(np.array([cosine for _, cosine in ranked]))
        return named + self._passages * normalised(similar)

    def _named(self, query: str, vector: Floats, ranked: Ranked) -> Weights:
        """(passages + entities,): the passages that the query names, else the entities."""
        links = self._links
        weights = np.zeros(self._weights.shape[0])
        entities = links.named_in(query)
        most = max(ranked[0][1], _LEAST) if ranked else 1.0
        for entity in entities:
            rows = links.titled_by(entity)
            if rows:
                cosines = np.maximum(closeness(self._index, rows, vector), _LEAST)
                worth = self._worth(cosines)
                weights[rows] += worth / worth.sum() * min(cosines.max() / most, 1.0) ** 2
        if entities and not weights.any():
            rarity = links.idf[entities]
            weights[[links.passages + e for e in entities]] = self._names * rarity / rarity.sum()
        return weights

    def _worth(self, cosines: Weights) -> Weights:
        worth: Weights = np.maximum(cosines, _LEAST) ** self._sharpness
        return worth


def closeness(index: IndexFolder, rows: Sequence[int], vector: Floats) -> Weights:
    """(rows,) cosines of passages with a query's vector, rounded as searches round them."""
    cosines = np.einsum("ij,j->i", index.vectors[list(rows)].astype(np.float64), vector)
    rounded: Weights = np.round(cosines, 6)
    return rounded
