"""The synchronous door: one loop for all calls, closed with what it belongs to."""

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator

import pytest

from ragreason.graph.door import Door


def threads() -> int:
    return sum(t.name == "ragreason-door" for t in threading.enumerate())


def settle(count: int) -> bool:
    """Whether the number of doors' threads comes down to `count` soon."""
    for _ in range(100):
        gc.collect()
        if threads() <= count:
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
    assert settle(0)
    door = Door()
    door.run(loop_id())
    assert threads() == 1
    del door
    assert settle(0)


def test_a_closed_door_opens_again() -> None:
    door = Door()
    door.run(loop_id())
    door.close()
    door.close()
    assert settle(0)
    door.run(loop_id())
    assert threads() == 1
