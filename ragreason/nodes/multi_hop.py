"""Search, and search again with what was found: chains of two passages."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.events import TraceEvent
from ragreason.nodes.emit import emit
from ragreason.nodes.retrieve import new_evidence
from ragreason.protocols import Retriever
from ragreason.state import State
from ragreason.text.overlap import keys, uncovered, units
from ragreason.types import Hit, Passage

_DEPTH = 10
_C = 60.0


@dataclass(frozen=True)
class MultiHop:
    """Search for the question, then for the question with each of the `beam` best passages, and
    keep the `k` passages of the best chains, each first hop beside its second.

    A chain's score is 1 / (60 + rank) of its first passage, plus the same of its second one among
    what its search found. No model is called; the second searches are one batch.
    Source: multi-hop dense retrieval, arXiv 2009.12756.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("query", "evidence")
    writes: ClassVar[tuple[str, ...]] = ("evidence",)

    name: str
    retriever: Retriever
    k: Annotated[int, Field(ge=1, le=200)] = 5
    beam: Annotated[int, Field(ge=1, le=50)] = 2

    async def __call__(self, state: State) -> dict[str, Any]:
        """Two batches of searches."""
        query = state.get("query") or state["question"].text
        (first,) = await self._search([query])
        begun = first[: self.beam]
        second = await self._search([second_query(query, hit.passage) for hit in begun])
        best = distinct([*chain.from_iterable(chains(begun, second)), *first])
        return {"evidence": new_evidence(best[: self.k], state.get("evidence", {}))}

    async def _search(self, queries: Sequence[str]) -> list[list[Hit]]:
        if not queries:
            return []
        found = await self.retriever.retrieve(queries, max(self.k, _DEPTH))
        for query, hits in zip(queries, found, strict=True):
            emit(TraceEvent(kind="search", node=self.name, query=query, hits=tuple(hits[: self.k])))
        return found


def second_query(query: str, passage: Passage) -> str:
    """The query without the names that the passage deals with, and the names that the passage adds.

    What is known is not searched for again, and a passage leads on by the names in it: its other
    words draw in passages like itself. One that adds no name is searched with as a whole.
    """
    named = [unit for unit in units(query) if unit.kind == "name"]
    unknown = uncovered(named, keys(f"{passage.title} {passage.text}"))
    rest = query
    for unit in reversed(named):
        if unit not in unknown:
            rest = rest[: unit.start] + rest[unit.end :]
    added = uncovered(units(passage.text), keys(query))
    names = dict.fromkeys(unit.text for unit in added if unit.kind == "name")
    return " ".join([*rest.split(), *(names or (passage.title, passage.text))])


def chains(first: Sequence[Hit], second: Sequence[Sequence[Hit]]) -> list[tuple[Hit, Hit]]:
    """Pairs of a first hop and a second one, best first; ties keep the order of the first hops."""
    scored = [
        (1 / (_C + i) + 1 / (_C + j), (hit, other))
        for i, (hit, found) in enumerate(zip(first, second, strict=True), 1)
        for j, other in enumerate(_others(hit, found), 1)
    ]
    return [pair for _, pair in sorted(scored, key=lambda entry: -entry[0])]


def _others(hit: Hit, found: Sequence[Hit]) -> Iterator[Hit]:
    return (other for other in found if other.passage.id != hit.passage.id)


def distinct(hits: Iterable[Hit]) -> list[Hit]:
    """The first hit of each passage, in order."""
    found: dict[str, Hit] = {}
    for hit in hits:
        found.setdefault(hit.passage.id, hit)
    return list(found.values())
