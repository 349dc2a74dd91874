"""The synchronous door: one loop for all calls, closed with what it belongs to."""

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator

import pytest

from ragreason.graph.door import Door


def threads() -> set[threading.Thread]:
    """The doors' threads that are alive; other tests may have left some."""
    return {t for t in threading.enumerate() if t.name == "ragreason-door"}


def ends(thread: threading.Thread) -> bool:
    """Whether the thread ends soon."""
    for _ in range(500):
        gc.collect()
        if not thread.is_alive():
            return True
        time.sleep(0.02)
    return False


async def loop_id() -> int:
    return id(asyncio.get_running_loop())


def test_all_calls_run_on_one_loop() -> None:
    door = Door()
    assert door.run(loop_id()) == door.run(loop_id())
    door.close()


async def test_it_works_inside_a_running_loop() -> None:
    door = Door()
    assert door.run(loop_id()) != id(asyncio.get_running_loop())
    door.close()


def test_errors_reach_the_caller() -> None:
    async def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        Door().run(fail())


def test_items_come_one_by_one_and_leaving_early_closes_the_source() -> None:
    closed: list[bool] = []

    async def count() -> AsyncIterator[int]:
        try:
            for i in range(10):
                yield i
        finally:
            closed.append(True)

    door = Door()
    items = iter(door.iterate(count()))
    assert [next(items), next(items)] == [0, 1]
    items.close()  # type: ignore[attr-defined]
    assert closed == [True]
    assert list(door.iterate(count())) == list(range(10))


def test_the_thread_ends_with_the_door() -> None:
    before = threads()
    door = Door()
    door.run(loop_id())
    (thread,) = threads() - before
    del door
    assert ends(thread)


def test_a_closed_door_opens_again() -> None:
    before = threads()
    door = Door()
    door.run(loop_id())
    (first,) = threads() - before
    door.close()
    door.close()
    assert ends(first)
    door.run(loop_id())
    (second,) = threads() - before
    assert second is not first
