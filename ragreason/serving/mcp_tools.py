"""What an MCP client may call: search, answer, open a document. Within the limits of a server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ragreason.errors import ToolError
from ragreason.events import TraceEvent
from ragreason.index.folder import IndexFolder
from ragreason.protocols import Retriever
from ragreason.runner import Runner
from ragreason.serving.mcp_corpus import passages_of, uri_of
from ragreason.serving.mcp_shapes import Answered, Found, Opened, answered, found, shown
from ragreason.types import Passage

Hear = Callable[[TraceEvent], None]
_ROOM = 8000
"""Characters that one call of `open_document` gives at most, a passage at least."""


@dataclass
class Turnstile:
    """Lets `most_runs` in at once, each for `most_seconds`."""

    most_runs: int = 64
    most_seconds: float = 600.0
    inside: int = field(default=0, init=False)

    @asynccontextmanager
    async def pass_(self) -> AsyncIterator[None]:
        """Raises ToolError where it is full, or when the time is over."""
        if self.inside >= self.most_runs:
            raise ToolError(f"{self.inside} calls are at work, which is the most; try again soon")
        self.inside += 1
        try:
            async with asyncio.timeout(self.most_seconds):
                yield
        except TimeoutError as error:
            raise ToolError(f"it took longer than {self.most_seconds:g} s") from error
        finally:
            self.inside -= 1


@dataclass(frozen=True)
class Tools:
    """The tools over runners by name, of which the first is the default. Without an index there is
    only `answer`.
    """

    runners: Mapping[str, Runner]
    retriever: Retriever | None = None
    index: IndexFolder | None = None
    turnstile: Turnstile = field(default_factory=Turnstile)

    async def search(self, query: str, k: int = 5) -> Found:
        """The passages that fit the query best."""
        if self.retriever is None:
            raise ToolError("there is no index to search")
        async with self.turnstile.pass_():
            (hits,) = await self.retriever.retrieve([query], k)
        return found(hits)

    async def answer(
        self, question: str, graph: str = "", seed: int = 0, *, hear: Hear | None = None
    ) -> Answered:
        """The question answered by a graph; `hear` is told what happens. Raises ConfigError for a
        bad question, RunError where the run failed.
        """
        name = graph or next(iter(self.runners))
        async with self.turnstile.pass_():
            run = await self.runners[name].answer(question, seed=seed, on_event=hear)
        return answered(run.answer, name)

    async def open_document(self, document: str, first: int = 1) -> Opened:
        """A document's passages from the `first` on, as many as have room."""
        if self.index is None:
            raise ToolError("there is no index with documents")
        async with self.turnstile.pass_():
            return await asyncio.to_thread(_opened, self.index, document, first)


def _opened(index: IndexFolder, named: str, first: int) -> Opened:
    passages = _meant(index, named)
    if not passages:
        raise ToolError(f"no document '{named[:60]}'; give a name that a search gave")
    if first > len(passages):
        raise ToolError(f"the document has {len(passages)} passages; first is {first}")
    kept, room = list[Passage](), _ROOM
    for passage in passages[first - 1 :]:
        room -= len(passage.text)
        if kept and room < 0:
            break
        kept.append(passage)
    after = first + len(kept)
    return Opened(
        document=passages[0].document,
        title=passages[0].title,
        uri=uri_of(passages[0].document),
        passages=tuple(map(shown, kept)),
        first=first,
        next=after if after <= len(passages) else None,
    )


def _meant(index: IndexFolder, named: str) -> list[Passage]:
    """The passages of a document by its name, its title, or the id of one of its passages."""
    store = index.passages
    if named in store.documents:
        return passages_of(index, named)
    rows = store.titled(named) or ([store.ids.index(named)] if named in store.ids else [])
    if not rows:
        return []
    one = store[rows[0]]
    return passages_of(index, one.document) or [store[row] for row in store.in_order(rows)]
