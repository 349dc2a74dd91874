"""Small parts for graph tests: nodes that write what they are told, and a counting engine."""

import sys
import types
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field

from ragreason import ledger, registry
from ragreason.graph.bind import Parts
from ragreason.protocols import Chunk, Generator, Retriever, Where
from ragreason.types import (
    Answer,
    Completion,
    Evidence,
    Hit,
    Passage,
    Question,
    Request,
    Usage,
    Verdict,
)

MODULE = "graph_test_parts"


@dataclass
class Engine:
    """Replies with the prompt's last word; 10 tokens a call."""

    name: str = "fake"
    context: int = 1000
    capabilities: frozenset[Any] = frozenset({"seed"})
    calls: list[str] = field(default_factory=list)

    async def generate(self, request: Request) -> list[Completion]:
        text = request.messages[-1].content
        self.calls.append(text)
        usage = Usage(prompt_tokens=6, completion_tokens=4, calls=1)
        return [Completion(text=text.split()[-1], usage=usage)]

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        (completion,) = await self.generate(request)
        yield Chunk(completion.text, completion)

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        return [0.0 for _ in continuations]

    async def count_tokens(self, request: Request) -> int:
        return 6

    async def aclose(self) -> None:
        return None


@dataclass
class Search:
    """Finds one passage a query, titled by it."""

    name: str = "fake"
    queries: list[str] = field(default_factory=list)

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        self.queries.extend(queries)
        return [[hit(query)] for query in queries]


def hit(title: str) -> Hit:
    passage = Passage(id=f"id of {title}", title=title, text="text")
    return Hit(passage=passage, score=1.0, rank=1, source="fake")


@dataclass(frozen=True)
class Find:
    """Searches for `query`, else the question."""

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("query",)
    writes: ClassVar[tuple[str, ...]] = ("evidence",)

    retriever: Retriever
    k: Annotated[int, Field(ge=1, le=50)] = 5

    async def __call__(self, state: Any) -> dict[str, Any]:
        query = state.get("query") or state["question"].text
        hits = (await self.retriever.retrieve([query], self.k))[0]
        return {"evidence": {h.passage.id: Evidence(hit=h) for h in hits}}


@dataclass(frozen=True)
class Judge:
    """Sufficient once there are `enough` passages."""

    reads: ClassVar[tuple[str, ...]] = ("question", "evidence")
    writes: ClassVar[tuple[str, ...]] = ("sufficiency",)

    enough: Annotated[int, Field(ge=1)] = 1

    async def __call__(self, state: Any) -> dict[str, Any]:
        enough = len(state["evidence"]) >= self.enough
        return {"sufficiency": Verdict(score=enough, label="sufficient" if enough else "none")}


@dataclass(frozen=True)
class Reword:
    """Asks the engine once; makes the query longer."""

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("query",)
    writes: ClassVar[tuple[str, ...]] = ("query",)

    engine: Generator

    async def __call__(self, state: Any) -> dict[str, Any]:
        before = state.get("query", state["question"].text)
        await call(self.engine, before)
        return {"query": before + "+"}


@dataclass(frozen=True)
class Split:
    """Splits the question at commas; an empty question part gives none."""

    reads: ClassVar[tuple[str, ...]] = ("question",)
    writes: ClassVar[tuple[str, ...]] = ("queries",)

    async def __call__(self, state: Any) -> dict[str, Any]:
        return {"queries": [q for q in state["question"].text.split(",") if q]}


@dataclass(frozen=True)
class Note:
    """One engine call on the branch's item, noted."""

    reads: ClassVar[tuple[str, ...]] = ("item",)
    writes: ClassVar[tuple[str, ...]] = ("notes",)

    engine: Generator

    async def __call__(self, state: Any) -> dict[str, Any]:
        return {"notes": [f"{state['item']} -> {await call(self.engine, state['item'])}"]}


@dataclass(frozen=True)
class Reply:
    """Answers with the notes, or the engine's reply to the question."""

    answers: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("notes", "forced", "evidence")
    writes: ClassVar[tuple[str, ...]] = ("answer",)

    engine: Generator
    name: str = "answer"

    async def __call__(self, state: Any) -> dict[str, Any]:
        notes = state.get("notes", [])
        text = "; ".join(notes) if notes else await call(self.engine, state["question"].text)
        forced = state.get("forced", "")
        status: Any = "forced" if forced else "ok"
        return {"answer": Answer(text=text, status=status, forced_by=forced)}


@dataclass(frozen=True)
class Sub:
    """A graph as a node."""

    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ()

    graph: Callable[..., Any]
    name: str = "sub"

    async def __call__(self, state: Any) -> dict[str, Any]:
        found: dict[str, Any] = await self.graph(state)
        return found


async def call(engine: Generator, text: str) -> str:
    from ragreason.types import Message

    request = Request(messages=(Message(role="user", content=text),))
    return (await engine.generate(request))[0].text


NODES = {"find": Find, "judge": Judge, "reword": Reword, "split": Split, "note": Note}
NODES |= {"reply": Reply, "graph": Sub}


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], None]:
    """The nodes above under short names; call it to register more."""
    module = types.ModuleType(MODULE)
    monkeypatch.setitem(sys.modules, MODULE, module)
    nodes = dict(registry.BUILT_IN["nodes"])
    monkeypatch.setattr(registry, "BUILT_IN", {**registry.BUILT_IN, "nodes": nodes})

    def register(name: str, cls: Any) -> None:
        setattr(module, cls.__name__, cls)
        nodes[name] = f"{MODULE}:{cls.__name__}"

    for name, cls in NODES.items():
        register(name, cls)
    return register


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def search() -> Search:
    return Search()


@pytest.fixture
def parts(engine: Engine, search: Search) -> Parts:
    return Parts(engines={"main": engine}, retrievers={"main": search})


@pytest.fixture
def question() -> Question:
    return Question(id="q", text="who, where")


@pytest.fixture
def spent() -> Callable[[], Usage]:
    """What the open meter has spent so far."""
    return lambda: (ledger.current() or ledger.Meter()).spent
