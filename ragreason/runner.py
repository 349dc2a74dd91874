"""Graph and parts to answers: one question or many, with events, from synchronous code or not."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import uuid4

from ragreason.errors import ConfigError, RunError
from ragreason.events import TraceEvent
from ragreason.settings import Settings, load_settings
from ragreason.state import State, initial
from ragreason.types import Answer, Question

if TYPE_CHECKING:
    from ragreason.graph.loaded import LoadedGraph
    from ragreason.protocols import Generator, Retriever

MAIN = "main"
T = TypeVar("T")
Close = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Run:
    """One question answered: the answer, and all that happened on the way."""

    question: Question
    answer: Answer
    events: tuple[TraceEvent, ...] = ()


@dataclass
class Runner:
    """A compiled graph with its parts bound. Make it with `open_runner`; close it when done.

    Questions may be answered concurrently; each is a graph run of its own. `identity` holds what
    determines results: names and hashes of graph, prompts, model, index.
    """

    graph: "LoadedGraph"
    identity: Mapping[str, str]
    settings: Settings = field(default_factory=load_settings)
    closers: tuple[Close, ...] = ()

    async def answer(
        self,
        question: Question | str,
        *,
        seed: int = 0,
        on_event: Callable[[TraceEvent], None] | None = None,
    ) -> Run:
        """Run the graph. Raises ConfigError for a bad question, RunError where the run failed."""
        question = self.checked(question)
        events: list[TraceEvent] = []
        final: State = {}
        config: Any = {"configurable": {"thread_id": f"{question.id}-{uuid4().hex[:8]}"}}
        stream = self.graph.astream(
            initial(question, seed), config, stream_mode=["custom", "values"], subgraphs=True
        )
        async for namespace, mode, payload in stream:
            if mode == "custom" and isinstance(payload, TraceEvent):
                events.append(payload)
                if on_event is not None:
                    on_event(payload)
            elif mode == "values" and not namespace:
                final = payload
        return Run(question, _answer_of(final), tuple(events))

    def checked(self, question: Question | str) -> Question:
        """The question as a value. Raises ConfigError if it is empty or too long."""
        if isinstance(question, str):
            question = Question(id=uuid4().hex[:12], text=question.strip())
        if not question.text.strip():
            raise ConfigError("the question is empty; give it as text")
        longest = self.settings.max_question_chars
        if len(question.text) > longest:
            raise ConfigError(
                f"the question has {len(question.text):,} characters, at most {longest:,} are "
                "allowed; shorten it, or set max_question_chars"
            )
        return question

    def describe(self) -> dict[str, str]:
        """What determines this runner's results, for run keys and summaries."""
        return dict(self.identity)

    async def aclose(self) -> None:
        """Free engines and files. Safe to call twice."""
        closers, self.closers = self.closers, ()
        for close in closers:
            await close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


def _answer_of(state: State) -> Answer:
    answer = state.get("answer")
    if answer is None:
        raise RunError("the graph ended without an answer; `ragreason graph validate` says why")
    return answer.model_copy(
        update={"usage": state["usage"], "elapsed_s": round(state["elapsed_s"], 3)}
    )


def open_runner(
    graph: str | Path,
    *,
    model: "str | Generator | None" = None,
    index: "str | Path | Retriever | None" = None,
    models: "Mapping[str, str | Generator] | None" = None,
    retriever: str | None = None,
    overrides: Iterable[str] = (),
    allow_imports: Iterable[str] = (),
    settings: Settings | None = None,
) -> Runner:
    """Load a graph, open its engine and index, and bind them.

    `graph` is a shipped graph's name or a file; `model` a catalogue name, a path, `openai:NAME` or
    an engine of yours; `index` a folder or a retriever of yours; `models` binds further names that
    the graph's nodes use. Raises ConfigError before anything expensive is done.
    """
    from ragreason.generation.open import open_engine
    from ragreason.graph.library import read_nested
    from ragreason.graph.load import load_graph
    from ragreason.prompts import prompts_hash

    overrides, allow_imports = tuple(overrides), tuple(allow_imports)
    read_nested(graph, overrides, allow_imports)
    settings = settings or load_settings()
    named = {MAIN: settings.model if model is None else model, **(models or {})}
    engines = {
        name: open_engine(given, settings) if isinstance(given, str) else given
        for name, given in named.items()
    }
    place = settings.index if index is None else index
    loaded = load_graph(
        graph,
        models=engines,
        index=place,
        retriever=retriever,
        overrides=overrides,
        allow_imports=allow_imports,
    )
    owned = [engines[name] for name, given in named.items() if isinstance(given, str)]
    identity = {
        "graph": loaded.definition.name,
        "graph_hash": loaded.graph_hash,
        "prompts_hash": prompts_hash(),
        **{f"model.{name}": engine.name for name, engine in engines.items()},
        "index": _index_identity(place),
    }
    return Runner(loaded, identity, settings, tuple(engine.aclose for engine in owned))


def _index_identity(place: "str | Path | Retriever | None") -> str:
    """The hash of the index's manifest, or the retriever's name."""
    if isinstance(place, str | Path):
        return sha256((Path(place) / "manifest.json").read_bytes()).hexdigest()[:16]
    return "" if place is None else place.name


class Agent:
    """The short way: ask questions of one graph, from synchronous code, notebooks, or async code.

    It runs its own event loop in a thread, so `ask` also works where a loop is running already.

    with Agent(graph="react", index="my-index") as agent:
        print(agent.ask("Who founded the company that built the Sallow Bridge?").cited)
    """

    def __init__(
        self,
        graph: str | Path = "naive_rag",
        *,
        index: "str | Path | Retriever | None" = None,
        model: "str | Generator | None" = None,
        **options: Any,
    ) -> None:
        self.runner = open_runner(graph, model=model, index=index, **options)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def ask(self, question: Question | str, *, seed: int = 0) -> Answer:
        """Answer, blocking the calling thread."""
        return self._submit(self._answer(question, seed)).result()

    async def aask(self, question: Question | str, *, seed: int = 0) -> Answer:
        """Answer, from any event loop. Cancelling it cancels the run."""
        return await asyncio.wrap_future(self._submit(self._answer(question, seed)))

    async def stream(self, question: Question | str, *, seed: int = 0) -> AsyncIterator[TraceEvent]:
        """What happens, as it happens; the last event carries the answer with its usage.

        Leaving the loop early cancels the run.
        """
        here = asyncio.get_running_loop()
        queue: asyncio.Queue[TraceEvent | None] = asyncio.Queue()

        def tell(event: TraceEvent | None) -> None:
            here.call_soon_threadsafe(queue.put_nowait, event)

        async def work() -> Answer:
            try:
                return (await self.runner.answer(question, seed=seed, on_event=tell)).answer
            finally:
                tell(None)

        future = self._submit(work())
        try:
            while (event := await queue.get()) is not None:
                if event.kind != "answer":
                    yield event
            answer = await asyncio.wrap_future(future)
            yield TraceEvent(kind="answer", at_s=answer.elapsed_s, answer=answer)
        finally:
            future.cancel()

    def close(self) -> None:
        """Free the engine and stop the thread. Safe to call twice."""
        if self._loop.is_closed():
            return
        self._submit(self.runner.aclose()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def _answer(self, question: Question | str, seed: int) -> Answer:
        return (await self.runner.answer(question, seed=seed)).answer

    def _submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)
