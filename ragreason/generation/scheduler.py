"""Requests enter an engine first in, first out, as long as their tokens fit.

Questions are not what is bounded: each runs by itself, and what it asks queues here. Nothing but
the engine's calls is queued, so that a search never waits for another question's generation.
"""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast

from ragreason.generation.text import prompt_text
from ragreason.generation.wrapping import Wrapping
from ragreason.protocols import Chunk, Generator
from ragreason.types import Completion, Request

_BYTES_A_TOKEN = 3.0
"""Of a prompt, until an engine has said how many tokens a prompt had."""
_FIRST_TOKENS = 2048
"""What a call is taken to need before there was one."""
_riding: ContextVar[bool] = ContextVar("ragreason_riding", default=False)
_begun: ContextVar["_Begun | None"] = ContextVar("ragreason_begun", default=None)


@contextmanager
def riding() -> Iterator[None]:
    """Calls made inside belong to a call that is in the engine already, and don't queue.

    For a probe that may end the stream it looks into: behind the queue, it would come too late, and
    what it could free would go on.
    """
    token = _riding.set(True)
    try:
        yield
    finally:
        _riding.reset(token)


@dataclass(eq=False)
class _Turn:
    """One that waits; `entered` once its tokens are counted."""

    tokens: int
    loop: asyncio.AbstractEventLoop
    woken: asyncio.Future[None]
    entered: bool = False


@dataclass(eq=False)
class _Begun:
    """Work that was begun; `tokens` are kept in mind for its first call."""

    scheduler: "Scheduler"
    tokens: int
    open: bool = True


@dataclass
class Scheduler:
    """Bounds the tokens in flight. Serves any event loop and thread.

    Who came first enters first, whatever its size and whichever question it belongs to, so nothing
    starves. The first in the queue enters at once when it fits; one that is larger than the bound
    enters alone. Nobody passes it meanwhile: the engine works on what is in flight, and what it
    could have held beside that is at most one such request. Who leaves the queue by cancellation,
    and who leaves the engine in whatever way, makes room at once.
    """

    bound: int
    held: int = 0
    """Tokens in flight."""
    peak: int = 0
    """Most tokens that were in flight at once."""
    _expected: int = 0
    _calls: int = 0
    _called: int = 0
    _queue: deque[_Turn] = field(default_factory=deque)
    _beginning: deque[_Turn] = field(default_factory=deque)
    _begins: asyncio.AbstractEventLoop | None = None
    """Where the one that was let begin last has its turn."""
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def waiting(self) -> int:
        """How many are in the queue."""
        return len(self._queue)

    @asynccontextmanager
    async def entering(self, tokens: int) -> AsyncIterator[None]:
        """Inside, `tokens` are in flight."""
        turn = await self._enter(min(max(1, tokens), self.bound))
        try:
            yield
        finally:
            self._leave(turn)

    @asynccontextmanager
    async def beginning(self) -> AsyncIterator[None]:
        """Begin a question as soon as nothing is queued and a call of usual size would fit.

        More questions at once would only make the queue longer and all answers later. Room is kept
        in mind for the first call that is made inside, but nobody is kept from entering for it.
        """
        begun = _Begun(self, await self._room())
        token = _begun.set(begun)
        try:
            yield
        finally:
            _begun.reset(token)
            _called(begun)

    async def _room(self) -> int:
        turn = self._turn(min(self._usual(), self.bound))
        with self._lock:
            self._beginning.append(turn)
            self._serve()
        await self._woken(turn, self._beginning)
        return turn.tokens

    async def _enter(self, tokens: int) -> _Turn:
        turn = self._turn(tokens)
        with self._lock:
            self._calls += 1
            self._called += tokens
            self._queue.append(turn)
            self._serve()
        _called(_begun.get())  # not under this lock: the question may have begun elsewhere
        await self._woken(turn, self._queue)
        return turn

    def _turn(self, tokens: int) -> _Turn:
        loop = asyncio.get_running_loop()
        return _Turn(tokens, loop, loop.create_future())

    async def _woken(self, turn: _Turn, queue: deque[_Turn]) -> None:
        try:
            if not turn.entered:
                await turn.woken
        except BaseException:
            with self._lock:
                if turn.entered:  # its turn came while it was being cancelled
                    self._give_back(turn, queue)
                else:
                    queue.remove(turn)
                self._serve()  # it may have stood before one that fits
            raise

    def _give_back(self, turn: _Turn, queue: deque[_Turn]) -> None:
        if queue is self._queue:
            self.held -= turn.tokens
        else:
            self._expected -= turn.tokens

    def _leave(self, turn: _Turn) -> None:
        with self._lock:
            self.held -= turn.tokens
            self._serve()

    def _usual(self) -> int:
        return self._called // self._calls if self._calls else _FIRST_TOKENS

    def _serve(self) -> None:
        """Let in who fits, then begin what would fit. Called with the lock held."""
        while self._queue and self.held + self._queue[0].tokens <= self.bound:
            turn = self._queue.popleft()
            if _wake(turn):
                self.held += turn.tokens
                self.peak = max(self.peak, self.held)
        while self._may_begin():
            turn = self._beginning.popleft()
            if _wake(turn):
                self._expected += turn.tokens
                self._begins = turn.loop
                turn.loop.call_soon_threadsafe(self._begin_next)

    def _may_begin(self) -> bool:
        """One a turn of its loop: begun together, all would reach their first call together, and
        the engine would stand idle until then.
        """
        if self._begins is not None and not self._begins.is_closed():
            return False
        return bool(self._beginning) and not self._queue and self._would_fit(self._beginning[0])

    def _begin_next(self) -> None:
        with self._lock:
            self._begins = None
            self._serve()

    def _would_fit(self, turn: _Turn) -> bool:
        return self.held + self._expected + turn.tokens <= self.bound


def _called(begun: _Begun | None) -> None:
    """Begun work has called, or is over: it is not expected to any more."""
    if begun is not None and begun.open:
        scheduler = begun.scheduler
        with scheduler._lock:
            begun.open = False
            scheduler._expected -= begun.tokens
            scheduler._serve()


def _wake(turn: _Turn) -> bool:
    """Tell the one whose turn it is. False where its event loop is gone."""
    turn.entered = True
    if turn.loop is _running_loop():
        _resolve(turn.woken)
        return True
    try:
        turn.loop.call_soon_threadsafe(_resolve, turn.woken)
    except RuntimeError:
        return False
    return True


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


class Scheduled(Wrapping):
    """`engine`, its requests let in by `scheduler`: prompt, and n times the longest reply.

    How many tokens a prompt has is estimated by its bytes, at the rate that the engine's own counts
    have shown up to now: to ask it would hold up each call. A stream leaves when the engine is
    done, not when its reader is: so a reader that asks something else meanwhile can't block it.
    """

    def __init__(self, engine: Generator, scheduler: Scheduler) -> None:
        self.engine = engine
        self.scheduler = scheduler
        self._bytes = 0
        self._tokens = 0

    def __getattr__(self, name: str) -> Any:
        """What else the engine says of itself, such as `identity`."""
        if name == "identity":
            return getattr(self.engine, name)
        raise AttributeError(name)

    async def generate(self, request: Request) -> list[Completion]:
        """The engine's completions, once the request has come in."""
        size = _size(request)
        async with self._entering(self._estimated(size) + request.n * request.max_tokens):
            completions = await self.engine.generate(request)
        self._learn(size, completions[0] if completions else None)
        return completions

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """The engine's chunks, once the request has come in."""
        queue: asyncio.Queue[Chunk | None] = asyncio.Queue()
        task = asyncio.create_task(self._read(request, queue))
        task.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while (chunk := await queue.get()) is not None:
                yield chunk
            task.result()  # raises what the engine raised
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
            _ = task.cancelled() or task.exception()  # nobody reads the error of a stream they left

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        """The engine's scores, once the request has come in."""
        size = _size(request)
        more = sum(len(text.encode(errors="replace")) for text in continuations)
        async with self._entering(self._estimated(size + more) + len(continuations)):
            return await self.engine.score(request, continuations)

    async def count_tokens(self, request: Request) -> int:
        """The engine's count; it doesn't queue."""
        return await self.engine.count_tokens(request)

    async def aclose(self) -> None:
        """Close the engine."""
        await self.engine.aclose()

    @asynccontextmanager
    async def _entering(self, tokens: int) -> AsyncIterator[None]:
        if _riding.get():
            yield
            return
        async with self.scheduler.entering(tokens):
            yield

    async def _read(self, request: Request, into: "asyncio.Queue[Chunk | None]") -> None:
        size = _size(request)
        async with self._entering(self._estimated(size) + request.max_tokens):
            stream = cast(AsyncGenerator[Chunk, None], self.engine.stream(request))
            async with aclosing(stream):
                async for chunk in stream:
                    into.put_nowait(chunk)
                    self._learn(size, chunk.completion)

    def _estimated(self, size: int) -> int:
        rate = self._bytes / self._tokens if self._tokens else _BYTES_A_TOKEN
        return round(size / rate) + 1

    def _learn(self, size: int, completion: Completion | None) -> None:
        if completion is not None and completion.usage.prompt_tokens and size:
            self._bytes += size
            self._tokens += completion.usage.prompt_tokens


def _size(request: Request) -> int:
    return len(prompt_text(request).encode(errors="replace"))
