"""Graph and parts to answers: one question or many, with events, from synchronous code or not."""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
from concurrent.futures import CancelledError as FutureCancelledError, Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from ragreason import spans
from ragreason.errors import ConfigError, RunError, UnknownNameError
from ragreason.events import TraceEvent
from ragreason.generation.scheduler import Scheduler
from ragreason.generation.text import check_text
from ragreason.settings import Settings, load_settings
from ragreason.state import State, initial
from ragreason.types import Answer, Message, Question, Request, Turn

if TYPE_CHECKING:
    from ragreason.graph.loaded import LoadedGraph
    from ragreason.protocols import Generator, Retriever

MAIN = "main"
_SHORTEST = Request(messages=(Message(role="user", content="."),), max_tokens=1)
_CLOSED = "the agent is closed; make another"
EDITABLE = ("query", "queries")
"""State keys that may be changed while a run pauses."""
Close = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Run:
    """One question answered: the answer, and all that happened on the way. `stands_alone` is what
    was answered: the question, or how the graph put it, as `follow_up` does.
    """

    question: Question
    answer: Answer
    events: tuple[TraceEvent, ...] = ()
    restated: Question | None = None

    @property
    def stands_alone(self) -> Question:
        """The question as it was answered."""
        return self.restated or self.question


class RunPaused(Exception):
    """A run waits before the `nodes`, to go on by `Runner.resume(thread)`. `values` are the state
    keys that may be edited before: `query`, `queries`, None where they are not set.
    """

    def __init__(self, thread: str, nodes: Sequence[str], values: Mapping[str, Any]) -> None:
        super().__init__(f"the run waits before {', '.join(nodes)}")
        self.thread = thread
        self.nodes = tuple(nodes)
        self.values = dict(values)


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
    schedulers: Mapping[str, Scheduler] = field(default_factory=dict)
    starters: tuple[Callable[[], None], ...] = ()
    """Each makes an engine load its model now, if it has not, beside what comes before a call."""
    warmers: tuple[Callable[[], Awaitable[Any]], ...] = ()
    """Each makes an engine that runs here give one token."""
    searcher: "Retriever | None" = None
    """The retriever over the index that was opened here."""

    def beginning(self) -> AbstractAsyncContextManager[None]:
        """Enter it before each of many questions, and answer inside: it waits until the main engine
        has room for another question, so that it is kept busy and no queue grows.
        """
        scheduler = self.schedulers.get(MAIN)
        return nullcontext() if scheduler is None else scheduler.beginning()

    async def warm(self, *, searches: bool = True) -> None:
        """Load now what the first question would: the models of the engines that run here and, if
        it `searches`, index and embedder. What fails is left for the question to tell.
        """
        works = [warm() for warm in self.warmers]
        if searches and self.searcher is not None:
            works.append(self.searcher.retrieve(["."], 1))
        await asyncio.gather(*works, return_exceptions=True)

    async def answer(
        self,
        question: Question | str,
        *,
        history: Sequence[Turn] = (),
        seed: int = 0,
        on_event: Callable[[TraceEvent], None] | None = None,
        thread: str | None = None,
        pause_before: Sequence[str] = (),
    ) -> Run:
        """Run the graph. Raises ConfigError for a bad question, RunError where the run failed.

        A question given as text gets an id made of it, so the same seed draws the same again.
        `history` is the conversation before it, oldest first, for graphs such as `follow_up`.
        `on_event` is also told "token" events, the answer as it grows, which the run does not keep.
        With a checkpointer, `thread` names the run for `resume`, and RunPaused is raised where a
        node of `pause_before` is next.
        """
        question = self.checked(question, history)
        gives = self.graph.definition.gives
        if gives != "answer":
            raise ConfigError(
                f"the graph '{self.graph.definition.name}' gives '{gives}', not an answer: it is a "
                "part of other graphs; run one of those"
            )
        thread = thread or f"{question.id}-{uuid4().hex[:8]}"
        return await self._follow(initial(question, seed), thread, question, on_event, pause_before)

    async def resume(
        self,
        thread: str,
        *,
        edits: Mapping[str, Any] | None = None,
        on_event: Callable[[TraceEvent], None] | None = None,
        pause_before: Sequence[str] = (),
    ) -> Run:
        """Go on with a run that was paused, or that ended in the middle, from its last checkpoint.

        `edits` replace the state keys `query` (a text) or `queries` (a list of texts) before. Only
        what happens from here on is among the events. Raises ConfigError for an unknown thread.
        """
        from langgraph.types import Command

        checked_edits = _checked_edits(edits or {})
        state = await self._state(thread)
        if "question" not in state.values:
            raise ConfigError(f"no run '{thread}' to go on with; it has no checkpoint")
        given: Any = Command(update=checked_edits) if checked_edits else None
        question = state.values["question"]
        return await self._follow(given, thread, question, on_event, pause_before)

    async def has_checkpoint(self, thread: str) -> bool:
        """Whether a run of this name has a checkpoint to go on from."""
        return "question" in (await self._state(thread)).values

    @staticmethod
    def check_edits(edits: Mapping[str, Any]) -> None:
        """Raise ConfigError for edits that `resume` does not take."""
        _checked_edits(edits)

    async def _follow(
        self,
        given: Any,
        thread: str,
        question: Question,
        on_event: Callable[[TraceEvent], None] | None,
        pause_before: Sequence[str],
    ) -> Run:
        from ragreason.graph.following import follow

        self._check_pauses(pause_before)
        for start in self.starters:
            start()
        config = {"configurable": {"thread_id": thread}}
        name = self.graph.definition.name
        told = {"gen_ai__agent__name": name, "gen_ai__conversation__id": thread}
        with spans.around("invoke_agent", name, **told) as span:
            span.quote(gen_ai__input__messages=question.text)
            found = await follow(self.graph, given, config, on_event, pause_before)
            _say_answer(span, found.final)
        if pause_before and (state := await self._state(thread)).next:
            raise RunPaused(thread, state.next, {k: state.values.get(k) for k in EDITABLE})
        asked = found.final.get("question", question)
        restated = asked if asked.text != question.text else None
        return Run(question, _answer_of(found.final, found.inside), tuple(found.events), restated)

    async def _state(self, thread: str) -> Any:
        if self.graph.checkpointer is None:
            raise ConfigError("a run that is to pause or go on needs a checkpointer; give one")
        return await self.graph.aget_state({"configurable": {"thread_id": thread}})

    def _check_pauses(self, pause_before: Sequence[str]) -> None:
        if pause_before and self.graph.checkpointer is None:
            raise ConfigError("a run that is to pause needs a checkpointer; give one")
        nodes = self.graph.definition.nodes
        for name in pause_before:
            if name not in nodes:
                raise UnknownNameError("node", name, nodes)

    def checked(self, question: Question | str, history: Sequence[Turn] = ()) -> Question:
        """The question as a value. Raises ConfigError if it is empty, too long, or no text."""
        if isinstance(question, str):
            question = _as_value(question.strip(), history)
        elif history:
            question = question.model_copy(update={"history": tuple(history)})
        if not question.text.strip():
            raise ConfigError("the question is empty; give it as text")
        for text in (question.text, *(t for turn in question.history for _, t in turn)):
            check_text(text)
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
        async with AsyncExitStack() as stack:  # all of them, even if one fails
            for close in closers:
                stack.push_async_callback(close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


def _say_answer(span: spans.Told, final: State) -> None:
    if spans.on() and (answer := final.get("answer")) is not None:
        usage = final["usage"]
        span.say(
            gen_ai__usage__input_tokens=usage.prompt_tokens + usage.verifier_tokens,
            gen_ai__usage__output_tokens=usage.completion_tokens,
            ragreason__status=answer.status,
        )
        span.quote(gen_ai__output__messages=answer.text)


def _checked_edits(edits: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in edits.items():
        texts = [value] if key == "query" else value
        fits = isinstance(texts, list) and all(isinstance(t, str) and t.strip() for t in texts)
        if key not in EDITABLE or not fits or not texts:
            raise ConfigError(
                f"can't set '{key}' to {value!r}; expected query (a text) or queries (a list)"[:300]
            )
        for text in texts:
            check_text(text)
    return dict(edits)


def _as_value(text: str, history: Sequence[Turn]) -> Question:
    """The text as a question, with an id made of it and of what was said before."""
    said = "\n".join([*(t for turn in history for _, t in turn), text])
    name = sha256(said.encode(errors="replace")).hexdigest()[:12]
    return Question(id=name, text=text, history=tuple(history))


def _answer_of(state: State, inside: TraceEvent | None) -> Answer:
    """The answer with what it cost; `inside` tells the last answer, if a graph inside gave it."""
    answer = state.get("answer")
    if answer is None:
        raise RunError("the graph ended without an answer; `ragreason graph validate` says why")
    elapsed_s = round(state["elapsed_s"], 3)
    first_s = elapsed_s if answer.first_token_s is None else answer.first_token_s
    if inside is not None and inside.answer is not None and inside.answer.text == answer.text:
        first_s = max(first_s, inside.at_s)  # it was not streamed
    return answer.model_copy(
        update={"usage": state["usage"], "elapsed_s": elapsed_s, "first_token_s": first_s}
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
    cache: bool = False,
    checkpointer: Any = None,
) -> Runner:
    """Load a graph, open its engine and index, and bind them.

    `graph` is a shipped graph's name or a file; `model` a catalogue name, a path, `openai:NAME` or
    an engine of yours; `index` a folder or a retriever of yours; `models` binds further names that
    the graph's nodes use. With `cache`, replies are kept on disk and the same requests answered by
    them, for engines that say what determines their replies. With a `checkpointer`, any LangGraph
    saver (`graph.checkpoint.open_checkpoints`), runs can pause and go on. Raises ConfigError for a
    wrong graph or index before a model is fetched.
    """
    from ragreason.generation.open import open_engine
    from ragreason.generation.stack import behind, open_cache
    from ragreason.graph.bind import Parts
    from ragreason.graph.fingerprint import fingerprints
    from ragreason.graph.library import read_nested
    from ragreason.graph.load import load_graph
    from ragreason.graph.open import LateEmbedder, open_parts
    from ragreason.prompts import prompts_hash

    overrides, allow_imports = tuple(overrides), tuple(allow_imports)
    nested = read_nested(graph, overrides, allow_imports)
    settings = settings or load_settings()
    if settings.tracing:
        spans.turn_on(content=settings.tracing_content)
    place = settings.index if index is None else index
    if isinstance(place, str | Path):
        retriever = retriever or settings.retriever
    parts = open_parts(Parts(embedder=LateEmbedder(settings.embedder)), None, place, {}, retriever)
    named = {MAIN: settings.model if model is None else model, **(models or {})}
    engines = {
        name: open_engine(given, settings) if isinstance(given, str) else given
        for name, given in named.items()
    }
    kept = open_cache(settings) if cache else None
    scheduled, schedulers = behind(engines, settings, kept)
    try:
        loaded = load_graph(
            graph,
            models=scheduled,
            parts=parts,
            overrides=overrides,
            allow_imports=allow_imports,
            checkpointer=checkpointer,
        )
    except BaseException:
        if kept is not None:
            kept.close()
        raise
    owned = [engines[name] for name, given in named.items() if isinstance(given, str)]
    identity = {
        "graph": loaded.definition.name,
        "graph_hash": loaded.graph_hash,
        "prompts_hash": prompts_hash(),
        **{f"model.{name}": engine.name for name, engine in engines.items()},
        "index": _index_identity(place),
        **{f"node.{name}": held for name, held in fingerprints(nested, allow_imports).items()},
    }
    links: list[Close] = [partial(asyncio.to_thread, close) for close in parts.closers]
    closers = (
        *(engine.aclose for engine in owned),
        *([] if kept is None else [kept.aclose]),
        *links,
    )
    starters = tuple(engine.start for engine in owned if hasattr(engine, "start"))
    local = [engine for engine in owned if hasattr(engine, "start")]
    warmers = tuple(partial(engine.generate, _SHORTEST) for engine in local)
    searcher = parts.retrievers.get(MAIN) if isinstance(place, str | Path) else None
    return Runner(loaded, identity, settings, closers, schedulers, starters, warmers, searcher)


def _index_identity(place: "str | Path | Retriever | None") -> str:
    """The hash of the index's manifest, or the retriever's name."""
    if isinstance(place, str | Path):
        return sha256((Path(place) / "manifest.json").read_bytes()).hexdigest()[:16]
    return "" if place is None else place.name


class Agent:
    """The short way: ask questions of one graph, from synchronous code, notebooks, or async code.

    It runs its own event loop in a thread, so `ask` also works where a loop is running already.
    Questions may be asked from several threads and loops at once.

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
        """`options` are those of `open_runner`."""
        from ragreason.graph.door import Door

        self.runner = open_runner(graph, model=model, index=index, **options)
        self._door = Door()
        self._closed = False

    def ask(
        self, question: Question | str, *, history: Sequence[Turn] = (), seed: int = 0
    ) -> Answer:
        """Answer, blocking the calling thread. An interrupt (Ctrl-C) cancels the run.

        `history` is the conversation before the question, oldest first: the graph `follow_up` makes
        the question stand alone by it; graphs that don't read it answer the question as it stands.
        """
        self._need_open()
        try:
            return self._door.run(self._answer(question, history, seed))
        except FutureCancelledError:
            raise RunError(_CLOSED) from None

    async def aask(
        self, question: Question | str, *, history: Sequence[Turn] = (), seed: int = 0
    ) -> Answer:
        """Answer, from any event loop. Cancelling it cancels the run."""
        self._need_open()
        return await _awaited(self._door.submit(self._answer(question, history, seed)))

    async def stream(
        self, question: Question | str, *, history: Sequence[Turn] = (), seed: int = 0
    ) -> AsyncIterator[TraceEvent]:
        """What happens, as it happens, the answer's text as "token" events; the last event carries
        the answer with its usage.

        Leaving the loop early cancels the run.
        """
        from ragreason.generation.worker_process import deliver

        self._need_open()
        here = asyncio.get_running_loop()
        queue: asyncio.Queue[TraceEvent | None] = asyncio.Queue()

        async def work() -> Answer:
            try:
                return await self._answer(
                    question, history, seed, lambda e: deliver(here, queue, e)
                )
            finally:
                deliver(here, queue, None)

        future = self._door.submit(work())
        try:
            while (event := await queue.get()) is not None:
                if event.kind != "answer":
                    yield event
            answer = await _awaited(future)
            yield TraceEvent(kind="answer", at_s=answer.elapsed_s, answer=answer)
        finally:
            future.cancel()

    def close(self) -> None:
        """Cancel what runs, free the engine, stop the thread. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._door.run(self._end())
        self._door.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def _answer(
        self,
        question: Question | str,
        history: Sequence[Turn],
        seed: int,
        on_event: Callable[[TraceEvent], None] | None = None,
    ) -> Answer:
        return (
            await self.runner.answer(question, history=history, seed=seed, on_event=on_event)
        ).answer

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self.runner.aclose()

    def _need_open(self) -> None:
        if self._closed:
            raise RunError(_CLOSED)


async def _awaited(future: Future[Answer]) -> Answer:
    """The result, in this loop; tells a run that was cancelled from a caller that was."""
    try:
        return await asyncio.wrap_future(future)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise RunError(_CLOSED) from None
