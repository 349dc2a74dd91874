"""Where a walk through the index begins."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.events import TraceEvent
from ragreason.index.folder import IndexFolder
from ragreason.nodes.emit import emit
from ragreason.nodes.retrieve import new_evidence
from ragreason.nodes.walk import opened
from ragreason.protocols import Embedder, Retriever
from ragreason.retrieval.graph_walk import closeness
from ragreason.state import State

_OF_ONE_TITLE = 2


@dataclass(frozen=True)
class WalkStart:
    """Open the passages whose titles the question names, and what a search finds, up to `k`.

    They are the `frontier`. Of one title the two passages closest in meaning count; names that
    come first in the question come first. No model call.
    Source: topic entities of Think-on-Graph, arXiv 2307.07697; hybrid start of ToG-2, 2407.10805.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("evidence",)
    writes: ClassVar[tuple[str, ...]] = ("evidence", "frontier")
    keys: ClassVar[dict[str, Any]] = {"frontier": list[str]}

    name: str
    retriever: Retriever
    embedder: Embedder
    index: IndexFolder
    k: Annotated[int, Field(ge=1, le=50)] = 2

    async def __call__(self, state: State) -> dict[str, Any]:
        """One search."""
        question = state["question"].text
        (found,) = await self.retriever.retrieve([question], self.k)
        vectors = await self.embedder.embed([question], "query")
        near = await asyncio.to_thread(self._named, question, vectors[0])
        named = opened(self.index, near, question)
        passages = {hit.passage.id: hit for hit in [*named, *found]}
        hits = [
            hit.model_copy(update={"rank": rank})
            for rank, hit in enumerate(list(passages.values())[: self.k], 1)
        ]
        emit(TraceEvent(kind="search", node=self.name, query=question, hits=tuple(hits)))
        return {
            "evidence": new_evidence(hits, state.get("evidence", {})),
            "frontier": [hit.passage.id for hit in hits],
        }

    def _named(self, question: str, vector: Any) -> list[tuple[int, float]]:
        """Rows whose titles the question names, each with its cosine."""
        links = self.index.links
        named: dict[int, float] = {}
        for entity in links.named_in(question):
            rows = links.titled_by(entity)
            scores = closeness(self.index, rows, vector).tolist()
            closest = sorted(zip(rows, scores, strict=True), key=lambda pair: -pair[1])
            for row, score in closest[:_OF_ONE_TITLE]:
                named.setdefault(row, score)
        return list(named.items())[: self.k]
