"""Search, and put what was found among the evidence."""

from collections.abc import Iterable, Mapping
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

    Entries that are there already keep their judgement: a passage that was graded away stays away.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("query", "evidence")
    writes: ClassVar[tuple[str, ...]] = ("evidence",)

    name: str
    retriever: Retriever
    k: Annotated[int, Field(ge=1, le=200)] = 5

    async def __call__(self, state: State) -> dict[str, Any]:
        """One search."""
        query = state.get("query") or state["question"].text
        hits = (await self.retriever.retrieve([query], self.k))[0]
        emit(TraceEvent(kind="search", node=self.name, query=query, hits=tuple(hits)))
        return {"evidence": new_evidence(hits, state.get("evidence", {}))}


def new_evidence(hits: Iterable[Hit], known: Mapping[str, Evidence]) -> dict[str, Evidence]:
    """Entries for the hits that are not among the evidence yet."""
    return {hit.passage.id: Evidence(hit=hit) for hit in hits if hit.passage.id not in known}
