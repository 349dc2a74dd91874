"""Walk from passages to those that they are linked with, the model choosing the way."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.events import TraceEvent
from ragreason.index.folder import IndexFolder
from ragreason.index.links_names import Finder, Key, key_of
from ragreason.index.links_near import neighbours
from ragreason.ledger import current
from ragreason.nodes.emit import emit
from ragreason.nodes.generate import ask
from ragreason.nodes.retrieve import new_evidence
from ragreason.prompts import neutralise
from ragreason.protocols import Embedder, Floats, Generator
from ragreason.retrieval.graph_walk import closeness
from ragreason.retrieval.hits import to_hits
from ragreason.seeds import derive
from ragreason.state import State
from ragreason.text.language import language
from ragreason.types import Hit, Usage

SOURCE = "walk"
_OPENING = {"en": "Linked page to read next:", "zh": "接下来读的链接页面："}
_LONGEST_TITLE = 80
Row = tuple[int, float]


class WalkState(State, total=False):
    """The state with the key that walking adds: ids of the passages where the walk stands."""

    frontier: list[str]


@dataclass(frozen=True)
class Walk:
    """Go from the `frontier` to at most `beam` linked passages, and put them among the evidence.

    The model is shown the titles of up to `choices` neighbours, those first that resemble the
    question and are linked by what is rare, and names which to open. Places that it leaves free are
    filled in that order, so any reply will do. Where no link leads on, `frontier` is empty.
    Source: Think-on-Graph, arXiv 2307.07697, and ToG-2, arXiv 2407.10805.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("evidence", "frontier", "seed")
    writes: ClassVar[tuple[str, ...]] = ("evidence", "frontier")
    keys: ClassVar[dict[str, Any]] = {"frontier": list[str]}

    name: str
    engine: Generator
    embedder: Embedder
    index: IndexFolder
    beam: Annotated[int, Field(ge=1, le=20)] = 2
    choices: Annotated[int, Field(ge=1, le=50)] = 8
    link_weight: Annotated[float, Field(ge=0)] = 0.1
    max_tokens: Annotated[int, Field(ge=4, le=512)] = 32

    async def __call__(self, state: WalkState) -> dict[str, Any]:
        """At most one model call: none where there is nothing to choose between."""
        question = state["question"].text
        vectors = await self.embedder.embed([question], "query")
        known = state.get("evidence", {})
        near = await asyncio.to_thread(
            self._neighbours, state.get("frontier", ()), known, vectors[0]
        )
        hits = opened(self.index, near, question)
        if len(hits) > self.beam:
            reply = await self._ask(state, hits)
            hits = chosen(reply, hits, self.beam)
        if hits:
            self._tell(hits)
        return {
            "evidence": new_evidence(hits, known),
            "frontier": [hit.passage.id for hit in hits],
        }

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {passage: row for row, passage in enumerate(self.index.passages.ids)}

    def _neighbours(
        self, frontier: Sequence[str], known: Iterable[str], vector: Floats
    ) -> list[Row]:
        """The first `choices` of what the frontier leads to and is not known, the best first."""
        worth: dict[int, float] = {}
        for passage in frontier:
            if passage in self._rows:
                for row, way in neighbours(self.index.links, self._rows[passage]).items():
                    worth[row] = max(worth.get(row, 0.0), way)
        for passage in known:
            worth.pop(self._rows.get(passage, -1), None)
        rows = sorted(worth)
        scores = [
            cosine + self.link_weight * worth[row]
            for row, cosine in zip(rows, closeness(self.index, rows, vector).tolist(), strict=True)
        ]
        best = sorted(zip(rows, scores, strict=True), key=lambda pair: -pair[1])
        return best[: self.choices]

    async def _ask(self, state: WalkState, hits: Sequence[Hit]) -> str:
        question = state["question"]
        read = [entry.hit.passage.title for entry in state.get("evidence", {}).values()]
        titles = dict.fromkeys(hit.passage.title for hit in hits)
        return await ask(
            self.engine,
            "walk",
            question.text,
            seed=derive(state.get("seed", 0), question.id, self.name, *state.get("frontier", ())),
            max_tokens=self.max_tokens,
            stop=("\n\n",),
            opening=_OPENING[language(question.text)],
            opened="; ".join(_shown(title) for title in dict.fromkeys(read)) or "-",
            linked="\n".join(f"- {_shown(title)}" for title in titles),
        )

    def _tell(self, hits: Sequence[Hit]) -> None:
        meter = current()
        if meter is not None:
            meter.charge(Usage(retrievals=1))
        titles = "; ".join(hit.passage.title for hit in hits)
        emit(TraceEvent(kind="search", node=self.name, query=titles, hits=tuple(hits)))


def opened(index: IndexFolder, rows: Sequence[Row], question: str) -> list[Hit]:
    """Hits of the rows, in order."""
    return to_hits(index, list(rows), SOURCE, question)


def chosen(reply: str, hits: Sequence[Hit], most: int) -> list[Hit]:
    """At most `most` hits, ranks from 1: those that the reply names by title, in its order, then
    the first of the others. Of several passages of one title the first is meant.
    """
    titles: dict[Key, int] = {}
    for place, hit in enumerate(hits):
        titles.setdefault(key_of(hit.passage.title), place)
    titles.pop((), None)
    finder = Finder(titles, cased=False)
    named = [place for line in reply.splitlines() for place in finder.find(line)]
    places = [*dict.fromkeys([*named, *range(len(hits))])][:most]
    return [hits[place].model_copy(update={"rank": n}) for n, place in enumerate(places, 1)]


def _shown(title: str) -> str:
    return neutralise(" ".join(title.split()))[:_LONGEST_TITLE]
