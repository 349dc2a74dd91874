"""Work that several callers want at once, done once: the last of them to leave cancels it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")
_Loop = asyncio.AbstractEventLoop


@dataclass(eq=False)
class _Flight(Generic[T]):
    """One piece of work under way. `items` are what it has given up to now."""

    task: asyncio.Task[None]
    items: list[T] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)
    users: int = 0


class Flights(Generic[T]):
    """Callers with the same key share one flight, in each event loop.

    A flight gives items one by one; whoever joins late is given all of them. Who leaves does so
    alone; when the last has left, the work is cancelled and nobody can join it any more. An error
    reaches everyone who is in it, and is forgotten: the next caller starts anew.
    """

    def __init__(self) -> None:
        self._under_way: WeakKeyDictionary[_Loop, dict[Hashable, _Flight[T]]]
        self._under_way = WeakKeyDictionary()

    async def join(
        self, key: Hashable, start: Callable[[], AsyncGenerator[T, None]]
    ) -> AsyncGenerator[tuple[T, bool], None]:
        """The items, each with whether another caller started their flight."""
        flights = self._under_way.setdefault(asyncio.get_running_loop(), {})
        flight, joined = flights.get(key), True
        if flight is None:
            flight, joined = self._begin(flights, key, start), False
        flight.users += 1
        given = 0
        try:
            while True:
                while given < len(flight.items):
                    given += 1
                    yield flight.items[given - 1], joined
                if flight.task.done():
                    flight.task.result()  # raises what the work raised
                    return
                await flight.more.wait()
        finally:
            flight.users -= 1
            if not flight.users:
                self._forget(flights, key, flight)
                await _ended(flight.task)

    def _begin(
        self,
        flights: dict[Hashable, _Flight[T]],
        key: Hashable,
        start: Callable[[], AsyncGenerator[T, None]],
    ) -> _Flight[T]:
        async def work() -> None:
            async with aclosing(start()) as items:
                async for item in items:
                    flight.items.append(item)
                    _tell(flight)

        def end(task: asyncio.Task[None]) -> None:
            _ = task.cancelled() or task.exception()  # whoever is in it raises it
            self._forget(flights, key, flight)
            flight.more.set()

        flight = _Flight[T](asyncio.create_task(work()))
        flights[key] = flight
        flight.task.add_done_callback(end)
        return flight

    def _forget(
        self, flights: dict[Hashable, _Flight[T]], key: Hashable, flight: _Flight[T]
    ) -> None:
        """A flight that nobody is in any more, or that is over, is not joined."""
        if flights.get(key) is flight:
            del flights[key]


def _tell(flight: _Flight[Any]) -> None:
    """Wake all who wait for more, and let them wait again."""
    flight.more.set()
    flight.more = asyncio.Event()


async def _ended(task: "asyncio.Task[None]") -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait({task})


async def only(items: AsyncGenerator[tuple[T, bool], None]) -> tuple[T, bool]:
    """The one item of a flight that gives one."""
    async with aclosing(items) as found:
        async for item in found:
            return item
    raise AssertionError("a flight gives an item or raises")


async def one(work: Awaitable[T]) -> AsyncGenerator[T, None]:
    """A piece of work as a flight's only item."""
    yield await work
