"""A compiled graph that answers questions."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from ragreason import spans
from ragreason.errors import ConfigError, UnknownNameError
from ragreason.events import TraceEvent
from ragreason.generation.scheduler import Scheduler
from ragreason.generation.text import check_text
from ragreason.runner.run import EDITABLE, Run, RunPaused, answer_of, as_value, checked_edits
from ragreason.settings import Settings, load_settings
from ragreason.state import State, initial
from ragreason.types import Question, Turn

if TYPE_CHECKING:
    from ragreason.graph.loaded import LoadedGraph
    from ragreason.protocols import Retriever

MAIN = "main"
Close = Callable[[], Coroutine[Any, Any, None]]


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

        update = checked_edits(edits or {})
        state = await self._state(thread)
        if "question" not in state.values:
            raise ConfigError(f"no run '{thread}' to go on with; it has no checkpoint")
        given: Any = Command(update=update) if update else None
        question = state.values["question"]
        return await self._follow(given, thread, question, on_event, pause_before)

    async def has_checkpoint(self, thread: str) -> bool:
        """Whether a run of this name has a checkpoint to go on from."""
        return "question" in (await self._state(thread)).values

    async def _follow(
        self,
        given: Any,
        thread: str,
        question: Question,
        on_event: Callable[[TraceEvent], None] | None,
        pause_before: Sequence[str],
    ) -> Run:
        from ragreason.graph.following import follow

        self.check_pauses(pause_before)
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
        return Run(question, answer_of(found.final, found.inside), tuple(found.events), restated)

    async def _state(self, thread: str) -> Any:
        if self.graph.checkpointer is None:
            raise ConfigError("a run that is to pause or go on needs a checkpointer; give one")
        return await self.graph.aget_state({"configurable": {"thread_id": thread}})

    def check_pauses(self, pause_before: Sequence[str]) -> None:
        """Raise ConfigError where a run can't pause before these nodes."""
        if pause_before and self.graph.checkpointer is None:
            raise ConfigError("a run that is to pause needs a checkpointer; give one")
        nodes = self.graph.definition.nodes
        for name in pause_before:
            if name not in nodes:
                raise UnknownNameError("node", name, nodes)

    def checked(self, question: Question | str, history: Sequence[Turn] = ()) -> Question:
        """The question as a value. Raises ConfigError if it is empty, too long, or no text."""
        if isinstance(question, str):
            question = as_value(question.strip(), history)
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
