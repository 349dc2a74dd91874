"""Requests enter first in, first out, as long as their tokens fit."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from random import Random
from typing import Any, cast

import pytest

from ragreason.concurrency import all_or_none
from ragreason.errors import EngineError
from ragreason.generation.scheduler import Scheduled, Scheduler, riding
from ragreason.generation.scripted import Scripted
from ragreason.generation.thinking import Thinking
from ragreason.generation.thinking_effort import Thought
from ragreason.protocols import Chunk, Generator
from ragreason.types import Completion, Message, Request, Usage

ROUNDS = 20
"""Turns of the event loop that settle everything which can go on."""


async def settle() -> None:
    for _ in range(ROUNDS):
        await asyncio.sleep(0)


class Holder:
    """Holds its tokens until it is told to leave, and notes when it came in."""

    def __init__(self, scheduler: Scheduler, tokens: int, entered: list["Holder"]) -> None:
        self.tokens = tokens
        self.go = asyncio.Event()
        self._scheduler = scheduler
        self._entered = entered
        self.task = asyncio.create_task(self._hold())

    async def _hold(self) -> None:
        async with self._scheduler.entering(self.tokens):
            self._entered.append(self)
            await self.go.wait()


class Line:
    """Holders that came one after the other."""

    def __init__(self, bound: int, *tokens: int) -> None:
        self.scheduler = Scheduler(bound)
        self.entered: list[Holder] = []
        self.holders: list[Holder] = []
        self.come(*tokens)

    def come(self, *tokens: int) -> None:
        self.holders += [Holder(self.scheduler, t, self.entered) for t in tokens]

    async def inside(self) -> list[int]:
        """Numbers of all that have come in up to now, in that order."""
        await settle()
        return [self.holders.index(h) for h in self.entered]

    async def end(self) -> None:
        for holder in self.holders:
            holder.go.set()
        await asyncio.gather(*(h.task for h in self.holders), return_exceptions=True)
        assert self.scheduler.held == self.scheduler.waiting == 0


async def test_they_enter_in_the_order_in_which_they_came_as_long_as_they_fit() -> None:
    line = Line(10, 4, 4, 4, 1)
    assert await line.inside() == [0, 1]
    line.holders[1].go.set()
    assert await line.inside() == [0, 1, 2, 3]
    await line.end()
    assert line.scheduler.peak == 9


async def test_nobody_passes_a_large_one_so_it_does_not_starve() -> None:
    line = Line(10, 5, 10, 1, 1)
    assert await line.inside() == [0]
    line.come(*[1] * 20)
    assert await line.inside() == [0]
    line.holders[0].go.set()
    assert await line.inside() == [0, 1]
    line.holders[1].go.set()
    assert (await line.inside())[:4] == [0, 1, 2, 3]
    await line.end()


async def test_one_larger_than_the_bound_enters_alone() -> None:
    line = Line(10, 1, 1000, 1)
    assert await line.inside() == [0]
    line.holders[0].go.set()
    assert await line.inside() == [0, 1]
    line.holders[1].go.set()
    assert await line.inside() == [0, 1, 2]
    await line.end()
    assert line.scheduler.peak == 10


async def test_cancelled_in_the_queue_it_makes_way_at_once() -> None:
    line = Line(10, 5, 10, 5)
    assert await line.inside() == [0]
    line.holders[1].task.cancel()
    assert await line.inside() == [0, 2]
    await line.end()


async def test_cancelled_inside_it_makes_room_at_once() -> None:
    line = Line(10, 10, 10)
    await settle()
    line.holders[0].task.cancel()
    assert await line.inside() == [0, 1]
    await line.end()


async def test_cancelled_in_the_moment_of_its_turn_it_holds_nothing() -> None:
    line = Line(10, 10, 10, 10)
    await settle()
    line.holders[0].go.set()
    while line.scheduler.waiting == 2:  # noqa: ASYNC110 - step by step up to that moment
        await asyncio.sleep(0)
    assert len(line.entered) == 1, "the second is let in and does not know it yet"
    line.holders[1].task.cancel()
    assert await line.inside() == [0, 2]
    await line.end()


async def test_an_error_inside_makes_room() -> None:
    scheduler = Scheduler(1)
    with pytest.raises(ValueError, match="boom"):
        async with scheduler.entering(1):
            raise ValueError("boom")
    async with asyncio.timeout(60), scheduler.entering(1):
        assert scheduler.held == 1


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_happens_no_wake_up_is_lost_and_the_bound_holds(seed: int) -> None:
    rng = Random(seed)
    line = Line(10)
    for _ in range(150):
        what = rng.random()
        waiting = [h for h in line.holders if not h.task.done()]
        if what < 0.5 or not waiting:
            line.come(rng.randint(1, 14))
        elif what < 0.8:
            rng.choice(waiting).go.set()
        else:
            rng.choice(waiting).task.cancel()
        for _ in range(rng.randint(0, 3)):
            await asyncio.sleep(0)
        assert line.scheduler.held <= 10
    await settle()
    queued = [h for h in line.holders if not h.task.done() and h not in line.entered]
    if queued:  # work-conserving: who is first in the queue does not fit
        assert line.scheduler.held + min(10, queued[0].tokens) > 10
    order = [line.holders.index(h) for h in line.entered]
    assert order == sorted(order), "first in, first out"
    await line.end()


async def test_a_question_begins_when_nothing_is_queued_and_its_call_would_fit() -> None:
    line = Line(10, 6, 6)
    begun = asyncio.Event()

    async def question() -> None:
        async with line.scheduler.beginning():
            begun.set()

    task = asyncio.create_task(question())
    await line.inside()
    assert not begun.is_set(), "one is queued"
    line.holders[0].go.set()
    assert await line.inside() == [0, 1]
    assert not begun.is_set(), "a call of usual size, 6, would not fit beside the other"
    line.holders[1].go.set()
    await settle()
    assert begun.is_set()
    await task
    await line.end()


async def test_room_is_kept_in_mind_for_the_first_call_of_what_was_begun() -> None:
    scheduler = Scheduler(10)
    async with scheduler.entering(5):
        pass
    begun: list[int] = []
    call, end = asyncio.Event(), asyncio.Event()

    async def question(number: int) -> None:
        async with scheduler.beginning():
            begun.append(number)
            await call.wait()
            async with scheduler.entering(1):
                await end.wait()

    async with asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(question(number))
        await settle()
        assert begun == [0, 1], "two calls of usual size fit, though none was made yet"
        call.set()
        await settle()
        assert begun == [0, 1, 2, 3, 4, 5], "calls were smaller than usual"
        end.set()
    async with asyncio.timeout(60), scheduler.entering(10):
        assert scheduler.held == 10, "what was begun and is over is not expected any more"


async def test_what_was_begun_first_goes_on_before_the_last_begins() -> None:
    scheduler = Scheduler(100)
    async with scheduler.entering(1):
        pass
    course: list[str] = []

    async def question(number: int) -> None:
        async with scheduler.beginning():
            course.append(f"begin {number}")
            await asyncio.sleep(0)
            async with scheduler.entering(1):
                course.append(f"call {number}")

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(question(number))
    assert course.index("call 0") < course.index("begin 10")


@pytest.mark.parametrize("moment", ["waiting", "begun"])
async def test_a_cancelled_question_is_not_expected_any_more(moment: str) -> None:
    scheduler = Scheduler(10)
    stay = asyncio.Event()
    began: list[int] = []

    async def question(number: int) -> None:
        async with scheduler.beginning():
            began.append(number)
            await stay.wait()

    tasks = [asyncio.create_task(question(i)) for i in range(3)]
    await settle()
    assert began == [0], "before any call, one is taken to fill the engine"
    gone = tasks[1 if moment == "waiting" else 0]
    gone.cancel()
    await asyncio.wait({gone})
    stay.set()
    await asyncio.wait(tasks)
    assert began == ([0, 2] if moment == "waiting" else [0, 1, 2])


def test_threads_with_event_loops_of_their_own_share_the_bound() -> None:
    scheduler = Scheduler(3)
    inside, most, lock = 0, 0, threading.Lock()

    async def call() -> None:
        nonlocal inside, most
        async with scheduler.entering(1):
            with lock:
                inside += 1
                most = max(most, inside)
            await asyncio.sleep(0)
            with lock:
                inside -= 1

    async def many() -> None:
        async with asyncio.timeout(60):
            await all_or_none(call() for _ in range(100))

    threads = [threading.Thread(target=lambda: asyncio.run(many())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (scheduler.held, scheduler.waiting) == (0, 0)
    assert most <= 3


def test_a_waiter_whose_event_loop_ended_does_not_hold_up_the_others() -> None:
    scheduler = Scheduler(1)
    lost = asyncio.new_event_loop()

    async def outer() -> None:
        async with scheduler.entering(1):
            stuck = lost.create_task(cast(Any, scheduler._enter(1)))
            await asyncio.to_thread(lost.run_until_complete, asyncio.sleep(0))
            assert scheduler.waiting == 1
            stuck._log_destroy_pending = False  # type: ignore[attr-defined]
            lost.close()
        async with asyncio.timeout(60), scheduler.entering(1):
            assert scheduler.held == 1

    asyncio.run(outer())


def ask(text: str = "one two three", **fields: Any) -> Request:
    return Request.model_validate(
        {"messages": (Message(role="user", content=text),), "max_tokens": 10, **fields}
    )


class OneAtATime(Scripted):
    """An engine that allows one request: a second one waits for the end of the first."""

    def __init__(self, **script: Any) -> None:
        super().__init__(**script)
        self.free = asyncio.Lock()

    async def generate(self, request: Request) -> list[Completion]:
        async with self.free:
            return await super().generate(request)

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        async with self.free:
            (completion,) = await Scripted.generate(self, request)
            for word in completion.text.split(" "):
                yield Chunk(word + " ")
                await asyncio.sleep(0)
            yield Chunk("", completion.model_copy(update={"text": completion.text + " "}))


def scheduled(engine: Generator, bound: int = 1) -> Scheduled:
    return Scheduled(engine, Scheduler(bound))


async def test_requests_count_prompt_and_all_samples() -> None:
    engine = scheduled(Scripted(default="x"), 1000)
    await engine.generate(ask("x" * 29, n=3))
    assert engine.scheduler.peak == 10 + 1 + 3 * 10, "3 bytes a token until one was counted"


async def test_the_size_of_prompts_is_learned_from_the_engine() -> None:
    class Counting(Scripted):
        async def generate(self, request: Request) -> list[Completion]:
            return [Completion(text="x", usage=Usage(prompt_tokens=30))]

    engine = scheduled(Counting(), 1000)
    await engine.generate(ask("x" * 299, max_tokens=1))
    assert engine.scheduler.peak == 100 + 2
    engine.scheduler.peak = 0
    await engine.generate(ask("x" * 299, max_tokens=1))
    assert engine.scheduler.peak == 30 + 2


async def test_a_reader_that_asks_meanwhile_can_not_block_an_engine_of_one_request() -> None:
    engine = scheduled(OneAtATime(default="a b c d"))
    async with asyncio.timeout(60), aclosing(engine.stream(ask())) as stream:  # type: ignore[type-var]
        await anext(stream)
        assert (await engine.generate(ask()))[0].text == "a b c d"
        rest = [chunk async for chunk in stream]
    assert rest[-1].completion is not None
    assert engine.scheduler.held == 0


async def test_probes_of_early_exit_do_not_block_an_engine_of_one_request() -> None:
    thought = " ".join(f"Thought {i} is here.\n\n" for i in range(4))
    rules = [(lambda r: r.logprobs, "Harrowby"), (lambda r: not r.logprobs, thought)]
    inner = OneAtATime(rules=rules)
    engine = Thinking(cast(Generator, scheduled(inner)), Thought(level="high", exit=0.01))
    async with asyncio.timeout(60):
        tasks = [engine.generate(ask(max_tokens=20)) for _ in range(3)]
        found = await asyncio.gather(*tasks)
    assert all(completion.text for (completion,) in found)


async def test_a_probe_does_not_queue_behind_other_questions() -> None:
    engine = scheduled(Scripted(default="x"), 1)
    hold = asyncio.Event()

    async def holding() -> None:
        async with engine.scheduler.entering(1):
            await hold.wait()

    tasks = [asyncio.create_task(holding()) for _ in range(3)]
    await settle()
    with riding():
        async with asyncio.timeout(60):
            assert (await engine.generate(ask()))[0].text == "x"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await engine.generate(ask())
    hold.set()
    await asyncio.gather(*tasks)


async def test_a_stream_that_is_left_early_makes_room_and_frees_the_engine() -> None:
    inner = OneAtATime(default=" ".join("abcdefgh"))
    engine = scheduled(inner)
    async with aclosing(engine.stream(ask())) as stream:  # type: ignore[type-var]
        await anext(stream)
    assert engine.scheduler.held == 0
    assert not inner.free.locked()


async def test_a_stream_that_fails_after_it_was_left_fails_quietly() -> None:
    failed = asyncio.Event()

    class Breaking(Scripted):
        async def stream(self, request: Request) -> AsyncIterator[Chunk]:
            yield Chunk("begun ")
            failed.set()
            raise EngineError("broke")

    told: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    async with aclosing(scheduled(Breaking()).stream(ask())) as stream:  # type: ignore[type-var]
        await anext(stream)
        await failed.wait()
        await settle()
    del stream
    gc.collect()
    assert told == []


async def test_errors_of_a_stream_come_after_its_chunks_and_make_room() -> None:
    class Breaking(Scripted):
        async def stream(self, request: Request) -> AsyncIterator[Chunk]:
            yield Chunk("begun ")
            raise EngineError("broke")

    engine = scheduled(Breaking())
    async with aclosing(engine.stream(ask())) as stream:  # type: ignore[type-var]
        assert (await anext(stream)).text == "begun "
        with pytest.raises(EngineError, match="broke"):
            await anext(stream)
    assert engine.scheduler.held == 0


async def test_scores_queue_and_counts_do_not() -> None:
    class Held(Scripted):
        go = asyncio.Event()

        async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
            await self.go.wait()
            return [0.0] * len(continuations)

    engine = scheduled(Held(default="x"))
    first = asyncio.create_task(engine.score(ask(), ["a", "b"]))
    second = asyncio.create_task(engine.score(ask(), ["a"]))
    await settle()
    assert (engine.scheduler.held, engine.scheduler.waiting) == (1, 1)
    assert await engine.count_tokens(ask()) == 3
    Held.go.set()
    assert await first == [0.0, 0.0]
    assert await second == [0.0]


async def test_it_says_of_itself_what_the_engine_says() -> None:
    engine = scheduled(Scripted(default="x"))
    assert (engine.name, engine.context) == ("scripted:script", 8192)
    assert not hasattr(engine, "identity")
    assert not hasattr(engine, "anything")
