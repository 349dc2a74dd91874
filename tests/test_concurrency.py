import asyncio
import gc
import threading
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any
from weakref import ref

import pytest

from ragreason.concurrency import Coalescer

asks_for: ContextVar[str] = ContextVar("asks_for", default="nobody")


class Doubling:
    """Doubles numbers, and keeps what it was given; held up until `gate` is open."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.batches: list[list[int]] = []
        self.contexts: list[str] = []
        self.started = asyncio.Event()
        self.gate = asyncio.Event()
        if is_open:
            self.gate.set()

    async def __call__(self, items: list[int]) -> list[int]:
        self.batches.append(items)
        self.contexts.append(asks_for.get())
        self.started.set()
        await self.gate.wait()
        if any(item < 0 for item in items):
            raise ValueError(f"{min(items)} is below 0")
        return [2 * item for item in items]


async def test_64_callers_at_once_make_as_few_calls_as_batches_hold_them() -> None:
    for most in (1, 5, 32, 64, 100):
        run = Doubling()
        calls = Coalescer(run, most)
        assert await asyncio.gather(*(calls.submit(i) for i in range(64))) == [
            2 * i for i in range(64)
        ]
        assert len(run.batches) == -(-64 // most)
        assert max(map(len, run.batches)) <= most


async def test_first_in_first_out() -> None:
    run = Doubling()
    calls = Coalescer(run, 3)
    await asyncio.gather(*(calls.submit(i) for i in range(8)))
    assert run.batches == [[0, 1, 2], [3, 4, 5], [6, 7]]


async def test_the_first_goes_at_once_and_who_comes_meanwhile_is_the_next_batch() -> None:
    run = Doubling(is_open=False)
    calls = Coalescer(run, 64)
    first = asyncio.create_task(calls.submit(0))
    await run.started.wait()
    rest = [asyncio.create_task(calls.submit(i)) for i in (1, 2, 3)]
    await asyncio.sleep(0)
    assert run.batches == [[0]]
    run.gate.set()
    assert await asyncio.gather(first, *rest) == [0, 2, 4, 6]
    assert run.batches == [[0], [1, 2, 3]]


async def test_callers_that_come_again_and_again_stay_together() -> None:
    run = Doubling()
    calls = Coalescer(run, 64)

    async def caller(i: int) -> None:
        for _ in range(5):
            await calls.submit(i)

    await asyncio.gather(*(caller(i) for i in range(64)))
    assert len(run.batches) == 5


async def test_nobody_starves_while_others_come_again_at_once() -> None:
    run = Doubling()
    calls = Coalescer(run, 2)
    served: list[int] = []

    async def greedy(i: int) -> None:
        while 99 not in served:
            await calls.submit(i)
            served.append(i)

    async def patient() -> None:
        await calls.submit(99)
        served.append(99)

    async with asyncio.timeout(10):
        await asyncio.gather(*(greedy(i) for i in range(6)), patient())
    assert served.index(99) <= 7


async def test_large_items_count_as_much_as_they_say_and_go_alone_beyond_the_bound() -> None:
    run = Doubling()
    calls = Coalescer(run, 10)
    sizes = [4, 6, 1, 50, 9, 1]
    await asyncio.gather(*(calls.submit(i, size) for i, size in enumerate(sizes)))
    assert run.batches == [[0, 1], [2], [3], [4, 5]]


async def test_an_error_reaches_those_it_belongs_to() -> None:
    run = Doubling()
    calls = Coalescer(run, 64)
    results = await asyncio.gather(
        *(calls.submit(i) for i in (1, -1, 2, -2)), return_exceptions=True
    )
    assert results[0] == 2
    assert results[2] == 4
    assert [str(results[i]) for i in (1, 3)] == ["-1 is below 0", "-2 is below 0"]
    assert await calls.submit(5) == 10


async def test_too_few_results_are_an_error_and_not_somebody_elses() -> None:
    async def loses_the_first(items: list[int]) -> list[int]:
        return items[1:] if len(items) > 1 else items

    calls = Coalescer(loses_the_first, 64)
    assert await asyncio.gather(*(calls.submit(i) for i in range(4))) == [0, 1, 2, 3]


async def test_a_cancelled_caller_leaves_its_neighbours_be() -> None:
    run = Doubling(is_open=False)
    calls = Coalescer(run, 64)
    running = [asyncio.create_task(calls.submit(i)) for i in range(3)]
    await run.started.wait()
    waiting = [asyncio.create_task(calls.submit(i)) for i in range(10, 13)]
    await asyncio.sleep(0)
    running[0].cancel()
    waiting[1].cancel()
    run.gate.set()
    results = await asyncio.gather(*running, *waiting, return_exceptions=True)
    assert [r for r in results if not isinstance(r, BaseException)] == [2, 4, 20, 24]
    assert run.batches == [[0, 1, 2], [10, 12]]


async def test_a_call_belongs_to_no_caller() -> None:
    run = Doubling()
    calls = Coalescer(run, 64)
    asks_for.set("the first")
    await calls.submit(1)
    assert run.contexts == ["nobody"]


def in_threads(count: int, work: Callable[[int], Coroutine[Any, Any, None]]) -> None:
    threads = [threading.Thread(target=lambda i=i: asyncio.run(work(i))) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def test_it_serves_several_loops_at_once_and_one_after_another() -> None:
    async def run(items: list[int]) -> list[int]:
        await asyncio.sleep(0)
        return [2 * item for item in items]

    calls, got = Coalescer(run, 8), dict[int, list[int]]()

    async def work(i: int) -> None:
        got[i] = await asyncio.gather(*(calls.submit(100 * i + j) for j in range(30)))

    in_threads(6, work)
    assert got == {i: [2 * (100 * i + j) for j in range(30)] for i in range(6)}
    asyncio.run(work(7))
    assert got[7][29] == 2 * 729


def test_a_loop_that_ends_in_the_middle_ends_its_callers_only() -> None:
    async def never(items: list[int]) -> list[int]:
        if items == [0]:
            await asyncio.Event().wait()
        return items

    calls = Coalescer(never, 1)

    async def left() -> None:
        tasks = [asyncio.create_task(calls.submit(i)) for i in range(3)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not any(task.done() for task in tasks)

    asyncio.run(left())
    assert asyncio.run(calls.submit(5)) == 5


async def test_a_server_that_is_cancelled_cancels_who_waits_and_the_next_are_served() -> None:
    run = Doubling(is_open=False)
    calls = Coalescer(run, 1)
    mine = [asyncio.create_task(calls.submit(i)) for i in range(2)]
    await run.started.wait()
    for task in asyncio.all_tasks() - {asyncio.current_task(), *mine}:
        task.cancel()
    results = await asyncio.gather(*mine, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    run.gate.set()
    assert await calls.submit(4) == 8


def test_ended_loops_are_forgotten() -> None:
    async def run(items: list[int]) -> list[int]:
        return items

    calls = Coalescer(run, 8)

    async def ask() -> "ref[asyncio.AbstractEventLoop]":
        await calls.submit(1)
        return ref(asyncio.get_running_loop())

    loop = asyncio.run(ask())
    gc.collect()
    assert loop() is None


async def test_what_is_raised_can_be_caught_by_its_type() -> None:
    calls = Coalescer(Doubling(), 8)
    with pytest.raises(ValueError, match="below 0"):
        await calls.submit(-1)
