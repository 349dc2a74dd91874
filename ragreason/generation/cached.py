"""An engine whose replies are kept: a request is not asked twice, in this run or a later one.

What is kept: replies to greedy requests and to seeded ones, scores, and token counts. Never kept:
replies that were drawn without a seed, errors, what was cancelled, and streams that were left.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, cast

from ragreason import ledger
from ragreason.cache import ResponseCache, response_key
from ragreason.errors import ConfigError
from ragreason.generation.flights import Flights, only
from ragreason.generation.metered import scored_tokens
from ragreason.generation.wrapping import Wrapping
from ragreason.protocols import Chunk, Generator
from ragreason.types import Completion, Request, Usage

_PIECE = re.compile(r"\s*\S+|\s+$")


def identity_of(engine: Generator) -> tuple[str, ...] | None:
    """All that determines an engine's replies beside the request, None for an engine that does not
    say: it has no `identity`, a text that changes whenever its weights or its settings do.
    """
    identity = getattr(engine, "identity", None)
    if not isinstance(identity, str) or not identity:
        return None
    return (engine.name, identity, str(engine.context), *sorted(engine.capabilities))


class Cached(Wrapping):
    """`engine` behind the response cache. Raises ConfigError for an engine without `identity`.

    A hit gives the stored reply with the usage that it once had, so that budgets end runs at the
    same place, and says so in `Usage.cache_hits`. Callers that ask the same at once share one call.
    """

    def __init__(self, engine: Generator, cache: ResponseCache) -> None:
        if identity_of(engine) is None:
            raise ConfigError(
                f"{engine.name} does not say what determines its replies, so they can't be kept; "
                "give the engine an attribute `identity`, or --no-cache"
            )
        self.engine = engine
        self._cache = cache
        self._calls: Flights[tuple[Any, bool]] = Flights()
        self._streams: Flights[Chunk] = Flights()

    async def generate(self, request: Request) -> list[Completion]:
        """The kept completions, or the engine's, which are kept."""
        key = self._key("generate", request) if _repeats(request) else None
        if key is None:
            return await self.engine.generate(request)

        async def ask() -> list[Any]:
            return [_stored(one) for one in await self.engine.generate(request)]

        found, hit = await self._shared(key, ask)
        return _completions(found, hit=hit)

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """The kept text word by word, or the engine's chunks, kept once they are all there."""
        kept = request.n == 1 and _repeats(request)
        key = self._key("generate", request) if kept else None
        source = self.engine.stream(request) if key is None else self._streamed(key, request)
        async with aclosing(cast(Any, source)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        """The kept scores, or the engine's, which are kept."""
        key = self._key("score", request, continuations)
        if key is None:
            return await self.engine.score(request, continuations)
        found, hit = await self._shared(key, lambda: self.engine.score(request, continuations))
        meter = ledger.current()
        if hit and continuations and meter is not None:
            tokens = await scored_tokens(self, request, continuations)
            meter.charge(Usage(cache_hits=1, cache_hit_tokens=tokens))
        return [float(value) for value in found]

    async def count_tokens(self, request: Request) -> int:
        """The kept count, or the engine's: a run of hits alone needs no engine."""
        key = self._key("count", request)
        if key is None:
            return await self.engine.count_tokens(request)
        found, _ = await self._shared(key, lambda: self.engine.count_tokens(request))
        return int(found)

    async def aclose(self) -> None:
        """Close the engine. The cache is its opener's to close."""
        await self.engine.aclose()

    def _key(self, kind: str, request: Request, continuations: Sequence[str] = ()) -> str | None:
        """None for an engine that no longer says what determines its replies: its weights may be
        changed while it runs.
        """
        identity = identity_of(self.engine)
        if identity is None:
            return None
        return response_key(identity, kind, request, continuations)

    async def _shared(self, key: str, ask: Any) -> tuple[Any, bool]:
        """The value, and whether it cost nothing: it was kept, or another caller's call gave it."""

        async def look_up_or_ask() -> AsyncGenerator[tuple[Any, bool], None]:
            value = await self._get(key)
            if value is not None:
                yield value, True
                return
            value = await ask()
            await self._put(key, value)
            yield value, False

        (value, kept), joined = await only(self._calls.join(key, look_up_or_ask))
        return value, kept or joined

    async def _streamed(self, key: str, request: Request) -> AsyncGenerator[Chunk, None]:
        async def look_up_or_ask() -> AsyncGenerator[Chunk, None]:
            value = await self._get(key)
            if value is not None:
                for chunk in _kept_chunks(_completions(value, hit=True)[0]):
                    yield chunk
                return
            async with aclosing(cast(Any, self.engine.stream(request))) as chunks:
                async for chunk in chunks:
                    if chunk.completion is not None:
                        await self._put(key, [_stored(chunk.completion)])
                    yield chunk

        async with aclosing(self._streams.join(key, look_up_or_ask)) as items:
            async for chunk, joined in items:
                completion = chunk.completion
                if joined and completion is not None and not completion.usage.cache_hits:
                    completion = _hit(completion)
                yield Chunk(chunk.text, completion, kept=joined or chunk.kept)

    async def _get(self, key: str) -> Any | None:
        return await self._cache.look_up(key)

    async def _put(self, key: str, value: Any) -> None:
        if _finished(value):
            await self._cache.keep(key, value, self.engine.name)


def _repeats(request: Request) -> bool:
    """Whether the same request is to give the same reply."""
    return request.temperature == 0 or request.seed is not None


def _finished(value: Any) -> bool:
    """Whether none of the completions was cancelled."""
    found = value if isinstance(value, list) else []
    return not any(isinstance(v, dict) and v.get("finish_reason") == "cancelled" for v in found)


def _stored(completion: Completion) -> dict[str, Any]:
    return completion.model_dump(exclude_defaults=True)


def _completions(stored: Sequence[Any], *, hit: bool) -> list[Completion]:
    first, *others = [Completion.model_validate(one) for one in stored]
    if not hit:
        return [first, *others]
    others_tokens = sum(one.usage.tokens for one in others)
    return [_hit(first, others_tokens), *others]


def _hit(completion: Completion, others_tokens: int = 0) -> Completion:
    tokens = completion.usage.tokens + others_tokens
    told = {"cache_hits": 1, "cache_hit_tokens": tokens}
    return completion.model_copy(update={"usage": completion.usage.model_copy(update=told)})


def _kept_chunks(completion: Completion) -> list[Chunk]:
    words = [Chunk(piece, kept=True) for piece in _PIECE.findall(completion.text)]
    return [*words, Chunk("", completion, kept=True)]
