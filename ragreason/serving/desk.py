"""Where runs are begun, followed, cancelled, and gone on with after a restart."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from time import time
from typing import Any
from uuid import uuid4

from ragreason.errors import ConfigError, RagreasonError, UnknownNameError
from ragreason.events import TraceEvent
from ragreason.runner import Run, Runner, RunPaused
from ragreason.runner.run import checked_edits
from ragreason.serving.live import Live, Numbered
from ragreason.serving.store import OVER, RunRecord, RunStatus, Store
from ragreason.types import Turn

OnEnd = Callable[[RunRecord], None]
RETRY_AFTER_S = 2


class Busy(RagreasonError):
    """As many runs are at work as there may be."""


class NoRun(RagreasonError):
    """There is no run of this id."""


class Desk:
    """The runs of one server, in its event loop. `runners` by the name they are asked by.

    Finished runs are in the store alone, so that memory does not grow. `on_end` is told each run
    that is over.
    """

    def __init__(
        self,
        runners: Mapping[str, Runner],
        store: Store,
        *,
        most_runs: int = 64,
        most_seconds: float = 600.0,
        on_end: OnEnd = lambda _: None,
    ) -> None:
        self.runners = dict(runners)
        self.store = store
        self._most_runs = most_runs
        self._most_seconds = most_seconds
        self._on_end = on_end
        self._live: dict[str, Live] = {}
        self._begun = 0
        self._closing = False

    @property
    def at_work(self) -> int:
        """How many runs are at work."""
        return self._begun

    @property
    def ready(self) -> bool:
        """Whether it takes questions."""
        return not self._closing

    async def begin(
        self,
        graph: str,
        question: str,
        *,
        history: Sequence[Turn] = (),
        thread: str = "",
        seed: int = 0,
        pause_before: Sequence[str] = (),
    ) -> Live:
        """Start a run, kept on disk when this returns. In a `thread` that has earlier runs, these
        are its history. Raises Busy, UnknownNameError for a graph or node, ConfigError for a bad
        question.
        """
        runner = self._runner(graph)
        runner.check_pauses(pause_before)
        self._need_room()
        self._begun += 1
        try:
            if thread and not history:
                history = await self.history(thread)
            record = RunRecord(
                id=uuid4().hex,
                graph=graph,
                question=runner.checked(question, history),
                seed=seed,
                thread=thread,
                pause_before=tuple(pause_before),
            )
            await self.store.put(record)
        except BaseException:
            self._begun -= 1
            raise
        return self._start(Live(record), runner, first=True)

    async def go_on(self, run: str, edits: Mapping[str, Any] | None = None) -> Live:
        """Go on with a paused run. Raises NoRun, ConfigError if it does not wait, Busy."""
        record = await self._known(run)
        if record.status != "paused":
            raise ConfigError(f"the run {run} is {record.status} and waits for nothing")
        self._need_room()
        return await self._again(record, edits)

    async def recover(self) -> int:
        """Go on with the runs that were at work when the server ended, however many may be at work
        now; gives how many they are.
        """
        records = await self.store.unfinished()
        for record in records:
            if record.graph in self.runners:
                await self._again(record)
            else:
                told = f"interrupted, and the graph '{record.graph}' is not served any more"
                await self._end(Live(record), "failed", error=told)
        return len(records)

    async def record(self, run: str) -> RunRecord:
        """How a run stands. Raises NoRun."""
        live = self._live.get(run)
        return live.record if live is not None else await self._known(run)

    async def follow(self, run: str, after: int = -1) -> AsyncGenerator[Numbered, None]:
        """All events of a run from after a number on, to its end or pause. Pieces of the answer as
        it grows are only told live. Raises NoRun.
        """
        live = self._live.get(run)
        if live is None:
            await self._known(run)
        if live is None or after < live.first - 1:
            for number, event in await self.store.events(run, after):
                if live is None or number < live.first:
                    yield number, event
        if live is not None:
            async with aclosing(live.follow(after)) as events:
                async for numbered in events:
                    yield numbered

    async def cancel(self, run: str) -> RunRecord:
        """End a run and free its engine; one that is over stays as it is. Raises NoRun."""
        live = self._live.get(run)
        if live is None:
            record = await self._known(run)
            if record.status == "paused":
                await self._end(waiting := Live(record), "cancelled")
                return waiting.record
            return record
        assert live.task is not None
        live.task.cancel()
        await live.ended.wait()
        return live.record

    async def history(self, thread: str) -> tuple[Turn, ...]:
        """What was asked and answered in a conversation."""
        turns = await self.store.turns(thread)
        return tuple(
            Turn(question=turn.question.text, answer=turn.answer.text)
            for turn in turns
            if turn.status == "finished" and turn.answer is not None
        )

    async def aclose(self, grace_s: float = 0.0) -> None:
        """Take no more questions, let what is at work finish, leave the rest to the next start."""
        self._closing = True
        tasks = [live.task for live in self._live.values() if live.task is not None]
        if tasks:
            _, left = await asyncio.wait(tasks, timeout=max(grace_s, 0.001))
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _again(self, record: RunRecord, edits: Mapping[str, Any] | None = None) -> Live:
        if record.id in self._live:
            raise ConfigError(f"the run {record.id} is at work already")
        runner = self._runner(record.graph)
        if edits:
            checked_edits(edits)
        self._begun += 1
        try:
            kept = await self.store.events(record.id)
            changed = record.model_copy(update={"status": "running", "waits": {}})
            await self.store.put(changed)
        except BaseException:
            self._begun -= 1
            raise
        live = Live(changed, first=kept[-1][0] + 1 if kept else 0)
        return self._start(live, runner, first=False, edits=edits)

    def _start(
        self, live: Live, runner: Runner, *, first: bool, edits: Mapping[str, Any] | None = None
    ) -> Live:
        self._live[live.record.id] = live
        live.task = asyncio.create_task(self._run(live, runner, first=first, edits=edits))
        return live

    async def _run(
        self, live: Live, runner: Runner, *, first: bool, edits: Mapping[str, Any] | None
    ) -> None:
        def hear(event: TraceEvent) -> None:
            number = live.tell(event)
            if event.kind != "token":
                self.store.tell(live.record.id, number, event)

        try:
            async with asyncio.timeout(self._most_seconds):
                done = await self._asked(live.record, runner, hear, first=first, edits=edits)
        except RunPaused as pause:
            waits = {"nodes": list(pause.nodes), "values": pause.values}
            await self._end(live, "paused", waits=waits)
        except asyncio.CancelledError:
            if self._closing:
                self._forget(live)
                live.end(live.record)  # it stays "running" on disk, and goes on at the next start
                raise
            await self._end(live, "cancelled")
        except TimeoutError:
            told = f"it took longer than {self._most_seconds:g} s"
            await self._end(live, "failed", error=told)
        except Exception as error:
            told = " ".join(f"{type(error).__name__}: {error}".split())[:500]
            await self._end(live, "failed", error=told)
        else:
            await self._end(live, "finished", answer=done.answer)

    async def _asked(
        self,
        record: RunRecord,
        runner: Runner,
        hear: Callable[[TraceEvent], None],
        *,
        first: bool,
        edits: Mapping[str, Any] | None,
    ) -> Run:
        pauses = record.pause_before
        if not first and (edits or await runner.has_checkpoint(record.id)):
            return await runner.resume(record.id, edits=edits, on_event=hear, pause_before=pauses)
        return await runner.answer(
            record.question,
            seed=record.seed,
            on_event=hear,
            thread=record.id,
            pause_before=pauses,
        )

    async def _end(self, live: Live, status: RunStatus, **changes: Any) -> None:
        over = {"ended_s": time()} if status in OVER else {}
        record = live.record.model_copy(update={"status": status, **over, **changes})
        try:
            await asyncio.shield(self.store.put(record))
        finally:
            self._forget(live)
            live.end(record)
        if status in OVER:
            self._on_end(record)

    def _need_room(self) -> None:
        if self._closing or self._begun >= self._most_runs:
            raise Busy(f"{self._begun} runs are at work, which is the most; try again soon")

    def _forget(self, live: Live) -> None:
        if self._live.pop(live.record.id, None) is not None:
            self._begun -= 1

    async def _known(self, run: str) -> RunRecord:
        record = await self.store.get(run)
        if record is None:
            raise NoRun(f"no run '{run}'")
        return record

    def _runner(self, graph: str) -> Runner:
        if graph not in self.runners:
            raise UnknownNameError("graph", graph, self.runners)
        return self.runners[graph]
