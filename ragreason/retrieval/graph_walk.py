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


class GraphWalk:
    """Personalised PageRank over the index's entities and passages; scores are probabilities.

    The walk starts again at the entities that the query names, in proportion to their rarity, and,
    with weight `passages` to theirs of 1, at the `depth` passages closest in meaning, in proportion
    to cosine to the power of `sharpness`. `titles` is what the link of a passage to its own title
    counts, a mention being 1, and `names` what entities that are no title do. With a filter, it
    starts at passages that fit only, and what does not fit is no hit, but may be on the way.
    Source: HippoRAG and HippoRAG 2, arXiv 2405.14831, 2502.14802.
    """

    def __init__(
        self,
        index: IndexFolder,
        embedder: Embedder,
        damping: Annotated[float, Field(ge=0, lt=1)] = 0.5,
        passages: Annotated[float, Field(ge=0)] = 0.125,
        sharpness: Annotated[float, Field(ge=0)] = 8.0,
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
        depth = max(self._depth, k)
        close = self._meaning.rank(vectors, depth, keep)
        restarts = self._restarts(queries, close)
        walked = personalised_pagerank(self._weights, restarts, self._damping)
        ranked: list[Ranked] = []
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

    def _restarts(self, queries: Sequence[str], close: Sequence[Ranked]) -> Weights:
        """(passages + entities, queries): where the walk starts again."""
        links = self._links
        passages = np.zeros((links.passages, len(queries)))
        entities = np.zeros((len(links.names), len(queries)))
        for column, (query, ranked) in enumerate(zip(queries, close, strict=True)):
            for row, cosine in ranked:
                passages[row, column] = max(cosine, 0.0) ** self._sharpness
            named = links.named_in(query)
            entities[named, column] = links.idf[named]
        return np.vstack([self._passages * normalised(passages), normalised(entities)])
