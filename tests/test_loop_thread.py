"""An event loop in a thread of its own."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

import pytest

from ragreason.concurrency import LoopThread


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    made = LoopThread("test")
    yield made
    made.stop()
    made.stop()


async def where() -> str:
    return threading.current_thread().name


async def test_work_runs_in_its_thread(thread: LoopThread) -> None:
    assert await thread.run(where()) == "test"
    assert await asyncio.to_thread(thread.wait, where()) == "test"


async def test_errors_come_back(thread: LoopThread) -> None:
    async def fails() -> None:
        raise KeyError("x")

    async def fails_later() -> AsyncGenerator[int, None]:
        yield 1
        raise KeyError("y")

    with pytest.raises(KeyError, match="x"):
        await thread.run(fails())
    items = thread.each(fails_later())
    assert await anext(items) == 1
    with pytest.raises(KeyError, match="y"):
        await anext(items)


async def test_items_come_in_order_and_to_an_end(thread: LoopThread) -> None:
    async def count() -> AsyncGenerator[int | None, None]:
        for item in (0, None, 2):
            yield item

    assert [item async for item in thread.each(count())] == [0, None, 2]


class Endless:
    """Gives items until it is closed, and tells where that was."""

    def __init__(self) -> None:
        self.closed_in = ""
        self.closed = threading.Event()

    async def items(self) -> AsyncGenerator[int, None]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            self.closed_in = threading.current_thread().name
            self.closed.set()


async def test_leaving_early_closes_the_source_in_its_own_loop(thread: LoopThread) -> None:
    source = Endless()
    async with aclosing(thread.each(source.items())) as items:
        assert await anext(items) == 1
    assert await asyncio.to_thread(source.closed.wait, 60)
    assert source.closed_in == "test"


async def test_cancelling_the_caller_cancels_the_work(thread: LoopThread) -> None:
    begun, ended = asyncio.Event(), threading.Event()
    here = asyncio.get_running_loop()

    async def waits() -> None:
        here.call_soon_threadsafe(begun.set)
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(thread.run(waits()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, 60)


async def test_a_stop_is_told_to_who_waits() -> None:
    thread = LoopThread("test")
    items = thread.each(Endless().items())
    assert await anext(items) == 1
    await asyncio.to_thread(thread.stop)
    with pytest.raises(ConnectionAbortedError):
        await anext(items)


async def test_a_stop_is_told_although_the_source_takes_its_time_to_close() -> None:
    thread, closing = LoopThread("test"), threading.Event()

    async def items() -> AsyncGenerator[int, None]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            closing.set()

    each = thread.each(items())
    assert await anext(each) == 1
    await asyncio.to_thread(thread.stop)
    assert closing.is_set(), "what runs there is closed before the thread ends"
    with pytest.raises(ConnectionAbortedError):
        await anext(each)
