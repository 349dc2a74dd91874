"""The short way: questions to one graph, from synchronous code, notebooks, or async code."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import CancelledError as FutureCancelledError, Future
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ragreason.errors import RunError
from ragreason.events import TraceEvent
from ragreason.runner.open import open_runner
from ragreason.types import Answer, Question, Turn

if TYPE_CHECKING:
    from ragreason.protocols import Generator, Retriever

_CLOSED = "the agent is closed; make another"


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
