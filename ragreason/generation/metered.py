"""Puts an engine behind the ledger: budget before each call, usage after it, retries in between."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, aclosing, nullcontext
from typing import TypeVar, cast

from ragreason import ledger
from ragreason.errors import RagreasonError
from ragreason.generation.told import calling
from ragreason.generation.wrapping import Wrapping
from ragreason.protocols import Chunk, Generator
from ragreason.types import Completion, Request, Usage

_T = TypeVar("_T")


class Metered(Wrapping):
    """An engine whose calls are charged to the meter that is open where they are made.

    Before a call the budget is checked (BudgetReachedError) and `max_tokens` lowered to what is
    left of the tokens. Errors that are `retryable` are tried again, `attempts` times in all, after
    `backoff_s`, then twice that, and so on. A stream is only tried again before its first chunk,
    and one that is left early is charged for its prompt and what came of it.
    """

    def __init__(self, engine: Generator, *, attempts: int = 3, backoff_s: float = 0.5) -> None:
        self.engine = engine
        self._attempts = attempts
        self._backoff_s = backoff_s

    async def generate(self, request: Request) -> list[Completion]:
        """The engine's completions. Charged as one call."""
        with _calling():
            request = _within_budget(request)
            with calling(self.engine, request) as call:
                completions = await self._retried(lambda: self.engine.generate(request))
                usage = sum((c.usage for c in completions), Usage())
                call.came(completions, usage)
            _charge(usage.model_copy(update={"calls": 1}))
        return completions

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """The engine's chunks. Charged as one call."""
        usage, text, kept = Usage(), "", False
        with _calling():
            request = _within_budget(request)
            try:
                with calling(self.engine, request, stream=True) as call:
                    async with aclosing(self._stream_retried(request)) as stream:
                        async for chunk in stream:
                            call.piece()
                            text += chunk.text
                            kept = kept or chunk.kept
                            if chunk.completion is not None:
                                usage = chunk.completion.usage
                                call.came([chunk.completion], usage)
                            yield chunk
            finally:
                if text and not usage.tokens and ledger.current() is not None:
                    usage = await read_and_generated(self.engine, request, text)
                    if kept:
                        hit = {"cache_hits": 1, "cache_hit_tokens": usage.tokens}
                        usage = usage.model_copy(update=hit)
                if usage.tokens:
                    _charge(usage.model_copy(update={"calls": 1}))

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        """The engine's scores. One call; the prompt counts once, then each continuation."""
        with _calling():
            scores = await self._retried(lambda: self.engine.score(request, continuations))
            if continuations and ledger.current() is not None:
                tokens = await scored_tokens(self.engine, request, continuations)
                _charge(Usage(prompt_tokens=tokens, calls=1))
        return scores

    async def count_tokens(self, request: Request) -> int:
        """The engine's count; free."""
        return await self.engine.count_tokens(request)

    async def aclose(self) -> None:
        """Close the engine."""
        await self.engine.aclose()

    async def _retried(self, call: Callable[[], Awaitable[_T]]) -> _T:
        for attempt in range(1, self._attempts):
            try:
                return await call()
            except RagreasonError as error:
                await self._wait(error, attempt)
        return await call()

    async def _stream_retried(self, request: Request) -> AsyncGenerator[Chunk, None]:
        for attempt in range(1, self._attempts + 1):
            started = False
            try:
                stream = cast(AsyncGenerator[Chunk, None], self.engine.stream(request))
                async with aclosing(stream):
                    async for chunk in stream:
                        started = True
                        yield chunk
                return
            except RagreasonError as error:
                if started or attempt == self._attempts:
                    raise
                await self._wait(error, attempt)

    async def _wait(self, error: RagreasonError, attempt: int) -> None:
        """Wait before the next attempt, or raise an error that another attempt won't mend."""
        if not error.retryable:
            raise error
        await asyncio.sleep(self._backoff_s * 2 ** (attempt - 1) * random.uniform(0.8, 1.2))


async def scored_tokens(engine: Generator, request: Request, continuations: Sequence[str]) -> int:
    """What `engine.score` reads: the prompt once, then each continuation."""
    extended = [
        request.model_copy(update={"prefill": request.prefill + text}) for text in continuations
    ]
    prompt, *whole = await asyncio.gather(*(engine.count_tokens(r) for r in [request, *extended]))
    return prompt + sum(max(0, tokens - prompt) for tokens in whole)


async def read_and_generated(engine: Generator, request: Request, text: str) -> Usage:
    """What a stream has cost that gave `text` and was left before it said so itself."""
    so_far = request.model_copy(update={"prefill": request.prefill + text})
    prompt, whole = await asyncio.gather(*(engine.count_tokens(r) for r in [request, so_far]))
    return Usage(prompt_tokens=prompt, completion_tokens=max(1, whole - prompt), calls=1)


def _calling() -> AbstractContextManager[None]:
    meter = ledger.current()
    return nullcontext() if meter is None else meter.calling()


def _charge(usage: Usage) -> None:
    meter = ledger.current()
    if meter is not None:
        meter.charge(usage)


def _within_budget(request: Request) -> Request:
    """The request, with `max_tokens` lowered to its share of the tokens that are left."""
    left = _tokens_left()
    if left is None or left >= request.max_tokens * request.n:
        return request
    return request.model_copy(update={"max_tokens": max(1, left // request.n)})


def _tokens_left() -> int | None:
    """Tokens left in the open meter and those around it; None without a bound."""
    bounds = []
    meter = ledger.current()
    while meter is not None:
        if meter.budget.tokens is not None and not meter.final:
            bounds.append(meter.budget.tokens - (meter.before + meter.spent).tokens)
        meter = meter.around
    return min(bounds, default=None)
