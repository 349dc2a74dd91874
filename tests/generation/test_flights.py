"""Work shared by those who want it at once."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from ragreason.generation.flights import Flights, only


class Work:
    """Gives its number, once it is let go; counts how often it was begun, ended and cancelled."""

    def __init__(self) -> None:
        self.begun = self.ended = 0
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> AsyncGenerator[int, None]:
        self.begun += 1
        number = self.begun
        try:
            await self.go.wait()
            if self.error is not None:
                raise self.error
            yield number
            yield -number
        finally:
            self.ended += 1


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_equal_keys_share_one_piece_of_work_and_others_do_not() -> None:
    flights, work = Flights[int](), Work()
    tasks = [asyncio.create_task(only(flights.join(key, work))) for key in "aab"]
    await settle()
    work.go.set()
    assert await asyncio.gather(*tasks) == [(1, False), (1, True), (2, False)]
    assert await only(flights.join("a", work)) == (3, False)


@pytest.mark.parametrize("leaver", [0, 1])
async def test_one_who_leaves_does_not_stop_the_others(leaver: int) -> None:
    flights, work = Flights[int](), Work()
    tasks = [asyncio.create_task(only(flights.join("a", work))) for _ in range(2)]
    await settle()
    tasks[leaver].cancel()
    await settle()
    assert work.ended == 0
    work.go.set()
    assert (await tasks[1 - leaver])[0] == 1
    assert tasks[leaver].cancelled()
    assert work.begun == 1


async def test_the_last_to_leave_cancels_the_work() -> None:
    flights, work = Flights[int](), Work()
    tasks = [asyncio.create_task(only(flights.join("a", work))) for _ in range(2)]
    await settle()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert work.ended == work.begun == 1


async def test_work_that_is_being_cancelled_is_not_joined() -> None:
    flights, work = Flights[int](), Work()
    held = asyncio.Event()

    async def slow_to_end() -> AsyncGenerator[int, None]:
        try:
            await asyncio.Event().wait()
        finally:
            await held.wait()
        yield 0

    first = asyncio.create_task(only(flights.join("a", slow_to_end)))
    await settle()
    first.cancel()
    await settle()
    work.go.set()
    assert await only(flights.join("a", work)) == (1, False)
    held.set()
    await asyncio.wait({first})


async def test_an_error_reaches_all_and_is_forgotten() -> None:
    flights, work = Flights[int](), Work()
    work.error = ValueError("no")
    tasks = [asyncio.create_task(only(flights.join("a", work))) for _ in range(3)]
    work.go.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(error) for error in found] == ["no"] * 3
    work.error = None
    assert await only(flights.join("a", work)) == (2, False)


async def test_who_joins_late_is_given_all_items() -> None:
    flights, more = Flights[int](), asyncio.Event()

    async def counting() -> AsyncGenerator[int, None]:
        yield 1
        yield 2
        await more.wait()
        yield 3

    async def read() -> list[tuple[int, bool]]:
        async with aclosing(flights.join("a", counting)) as items:
            return [item async for item in items]

    early = asyncio.create_task(read())
    await settle()
    late = asyncio.create_task(read())
    await settle()
    more.set()
    assert await early == [(1, False), (2, False), (3, False)]
    assert await late == [(1, True), (2, True), (3, True)]


def test_event_loops_do_not_share() -> None:
    flights = Flights[int]()

    async def one() -> AsyncGenerator[int, None]:
        yield 1

    found = [asyncio.run(only(flights.join("a", one))) for _ in range(2)]
    assert found == [(1, False), (1, False)]
