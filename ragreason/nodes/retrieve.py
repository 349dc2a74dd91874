"""Search, and put what was found among the evidence."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.events import TraceEvent
from ragreason.nodes.emit import emit
from ragreason.protocols import Retriever
from ragreason.state import State
from ragreason.types import Evidence, Hit


@dataclass(frozen=True)
class Retrieve:
    """Search for the state's `query`, by default the question, and add the hits to the evidence.

    With `fused`, the state's `queries` are searched for in one batch instead, and the best `k` by
    reciprocal rank fusion count; without any it is as above. Entries that are there already keep
    their judgement: a passage that was graded away stays away.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("query", "queries", "evidence")
    writes: ClassVar[tuple[str, ...]] = ("evidence",)

    name: str
    retriever: Retriever
    k: Annotated[int, Field(ge=1, le=200)] = 5
    fused: bool = False

    async def __call__(self, state: State) -> dict[str, Any]:
        """One batch of searches."""
        queries = list(dict.fromkeys(state.get("queries", ()))) if self.fused else []
        queries = queries or [state.get("query") or state["question"].text]
        found = await self.retriever.retrieve(queries, self.k)
        for query, hits in zip(queries, found, strict=True):
            emit(TraceEvent(kind="search", node=self.name, query=query, hits=tuple(hits)))
        best = found[0] if len(found) == 1 else fused(found, self.k)
        return {"evidence": new_evidence(best, state.get("evidence", {}))}


def fused(found: Sequence[Sequence[Hit]], k: int) -> list[Hit]:
    """The best `k` passages of several searches by reciprocal rank fusion, ranks from 1.

    Ties keep the order in which the searches give them. Source: Cormack et al., SIGIR 2009;
    several queries to one question: RAG-Fusion, arXiv 2402.03367.
    """
    from ragreason.retrieval.fuse import reciprocal_rank_fusion

    hits = {hit.passage.id: hit for ranking in reversed(found) for hit in reversed(ranking)}
    scores = reciprocal_rank_fusion([[hit.passage.id for hit in ranking] for ranking in found])
    best = sorted(scores, key=lambda passage: -scores[passage])[:k]
    return [
        hits[passage].model_copy(update={"score": scores[passage], "rank": rank, "source": "fused"})
        for rank, passage in enumerate(best, 1)
    ]


def new_evidence(hits: Iterable[Hit], known: Mapping[str, Evidence]) -> dict[str, Evidence]:
    """Entries for the hits that are not among the evidence yet."""
    return {hit.passage.id: Evidence(hit=hit) for hit in hits if hit.passage.id not in known}
