"""Work in flight together."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable
from contextlib import aclosing, suppress
from contextvars import Context
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")
Item = TypeVar("Item")
Result = TypeVar("Result")


async def all_or_none(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """All results, in order. The first error cancels the rest and is raised."""
    coroutines = list(work)
    if len(coroutines) == 1:
        return [await coroutines[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in coroutines]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


@dataclass(frozen=True)
class _Waiting(Generic[Item, Result]):
    item: Item
    size: int
    future: asyncio.Future[Result]


@dataclass
class _Line(Generic[Item, Result]):
    """Those that wait in one event loop, oldest first, and the task that serves them."""

    waiting: deque[_Waiting[Item, Result]] = field(default_factory=deque)
    server: asyncio.Task[None] | None = None


class Coalescer(Generic[Item, Result]):
    """Concurrent calls become few: those that arrive while one runs are the next, oldest first.

    `run` gets items and gives one result each, in order. At most `most` go together, an item
    counting as much as `submit` says; a larger one goes alone. Nobody waits while nothing runs: the
    first goes as soon as the tasks that are ready now have had their turn. If `run` fails, each
    item is tried alone, so that only those that fail by themselves do. A caller that is cancelled
    leaves the others be. Runs in a context of its own: a call is nobody's. Each event loop has a
    line of its own, so `run` may be called from several threads at once.
    """

    def __init__(self, run: Callable[[list[Item]], Awaitable[list[Result]]], most: int) -> None:
        self._run = run
        self._most = most
        self._lines: WeakKeyDictionary[asyncio.AbstractEventLoop, _Line[Item, Result]]
        self._lines = WeakKeyDictionary()
        self._lock = Lock()  # loops of several threads come and go

    async def submit(self, item: Item, size: int = 1) -> Result:
        """The item's result. Raises what `run` raises for it."""
        loop = asyncio.get_running_loop()
        with self._lock:
            line = self._lines.setdefault(loop, _Line())
        future: asyncio.Future[Result] = loop.create_future()
        line.waiting.append(_Waiting(item, size, future))
        if line.server is None:
            line.server = loop.create_task(self._serve_all(line), context=Context())
        return await future

    async def _serve_all(self, line: _Line[Item, Result]) -> None:
        try:
            while batch := self._next(line.waiting):
                await self._serve(batch)
                await asyncio.sleep(0)  # who was served may come again, and go with those that wait
        finally:
            line.server = None
            for left in line.waiting:  # the loop ends
                left.future.cancel()
            line.waiting.clear()

    def _next(self, waiting: deque[_Waiting[Item, Result]]) -> list[_Waiting[Item, Result]]:
        batch: list[_Waiting[Item, Result]] = []
        size = 0
        while waiting and (not batch or size + waiting[0].size <= self._most):
            one = waiting.popleft()
            if not one.future.done():
                batch.append(one)
                size += one.size
        return batch

    async def _serve(self, batch: list[_Waiting[Item, Result]]) -> None:
        try:
            results = await self._run([one.item for one in batch])
            for one, result in list(zip(batch, results, strict=True)):
                if not one.future.done():
                    one.future.set_result(result)
        except Exception as error:
            if len(batch) == 1:
                if not batch[0].future.done():
                    batch[0].future.set_exception(error)
                return
            await asyncio.gather(*(self._serve([one]) for one in batch if not one.future.done()))
        except BaseException:
            for one in batch:
                one.future.cancel()
            raise


_CLOSING_S = 10.0
"""How long `LoopThread.stop` waits for what runs there to close."""


class LoopThread:
    """An event loop in a thread of its own, for what must not change loops or would hold one up.

    Usable from any other loop. `stop` cancels what runs there and ends the thread.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, run there; blocks. Never from an event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, run there. Cancelling the caller cancels it."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def each(self, source: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
        """The items of `source`, which is iterated there; leaving early closes it there."""
        here, queue = asyncio.get_running_loop(), asyncio.Queue[tuple[T] | BaseException | None]()

        def tell(item: tuple[T] | BaseException | None) -> None:
            with suppress(RuntimeError):  # the other loop was closed meanwhile
                here.call_soon_threadsafe(queue.put_nowait, item)

        async def pump() -> None:
            try:
                async with aclosing(source):
                    try:
                        async for item in source:
                            tell((item,))
                    except asyncio.CancelledError:  # told before the source is closed: it may hang
                        tell(ConnectionAbortedError("the thread was stopped"))
                        raise
            except Exception as error:
                tell(error)
            else:
                tell(None)

        pumping = asyncio.run_coroutine_threadsafe(pump(), self._loop)
        try:
            while (item := await queue.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item[0]
        finally:
            pumping.cancel()

    def stop(self) -> None:
        """Safe to call twice."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end)
            if self._thread is not threading.current_thread():
                self._thread.join()
                self._loop.close()

    def _end(self) -> None:
        self._ending = self._loop.create_task(self._cancel_all())

    async def _cancel_all(self) -> None:
        """Cancelled tasks may await as they close: the loop goes on until they are done."""
        tasks = asyncio.all_tasks(self._loop) - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_CLOSING_S)
        self._loop.stop()
