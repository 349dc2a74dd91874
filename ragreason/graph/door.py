"""One thin synchronous door to asynchronous code: an event loop in a thread of its own."""

import asyncio
import threading
import weakref
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Door:
    """Runs coroutines for synchronous callers, all on one loop, so that engines keep theirs.

    The thread starts with the first call and ends with the door, the program, or `close`; what
    still runs then is cancelled.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: weakref.finalize[..., Any] | None = None
        self._lock = threading.Lock()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result. An interrupt (Ctrl-C) cancels it."""
        future = self.submit(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start the coroutine; cancelling the future cancels it."""
        with self._lock:  # so that `close` comes before or after, and nothing waits for ever
            return asyncio.run_coroutine_threadsafe(work, self._running_loop())

    def iterate(self, source: AsyncIterator[T]) -> Iterator[T]:
        """The iterator's items as they come; stopping early closes it."""
        done = object()

        async def step() -> Any:
            return await anext(source, done)

        try:
            while (item := self.run(step())) is not done:
                yield item
        finally:
            close = getattr(source, "aclose", None)
            if close is not None:
                self.run(close())

    def close(self) -> None:
        """Stop the thread. A later call starts another."""
        with self._lock:
            stop, self._stop, self._loop = self._stop, None, None
        if stop is not None:
            stop()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        """The loop. Called with `_lock` held."""
        if self._loop is None:
            runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
            loop = self._loop = runner.get_loop()
            threading.Thread(
                target=_serve, args=(runner,), name="ragreason-door", daemon=True
            ).start()
            self._stop = weakref.finalize(self, loop.call_soon_threadsafe, loop.stop)
        return self._loop


def _serve(runner: asyncio.Runner) -> None:
    with runner:  # its end cancels what still runs
        runner.get_loop().run_forever()
