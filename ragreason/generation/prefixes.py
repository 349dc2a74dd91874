"""How much of each prompt a prefix cache could have given at best, and how much it did.

An engine's own figures stand. Where it has none, prompts are compared as texts, and what was cached
is inferred from the time to a stream's first token; both are marked in the usage.
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from statistics import median
from time import perf_counter
from typing import Any, cast

from ragreason.generation.wrapping import Wrapping
from ragreason.protocols import Chunk, Generator
from ragreason.types import Completion, Request, Usage

BLOCK = 16
"""Tokens in a cache block, where the engine does not say: vLLM's."""
_CHARS = 16
"""Texts are compared in pieces of so many characters."""
_PIECES = 1 << 17
"""How many pieces are remembered (some 20 MB): of about as many tokens times 4."""
_COLD = 3
"""Cold prompts that have to be timed before times say anything."""
_SHORTEST = 64
"""Tokens: of shorter prompts the time is mostly overhead."""
_NEW = 0.9
"""The share of a prompt that has to be new for it to be cold: runs share their instructions."""


class Prefixes:
    """Remembers beginnings of sequences in pieces of `size`; those used longest ago go first."""

    def __init__(self, size: int = _CHARS, capacity: int = _PIECES) -> None:
        self._size = size
        self._capacity = capacity
        self._pieces: OrderedDict[int, None] = OrderedDict()

    def shared(self, items: Sequence[Any]) -> int:
        """How many of the leading items an earlier sequence began with too, in whole pieces."""
        count = 0
        for key in self._keys(items):
            if key not in self._pieces:
                break
            self._pieces.move_to_end(key)
            count += self._size
        return count

    def add(self, items: Sequence[Any]) -> None:
        """Remember a sequence: a text, or a tuple of token ids."""
        for key in self._keys(items):
            self._pieces[key] = None
            self._pieces.move_to_end(key)
        while len(self._pieces) > self._capacity:
            self._pieces.popitem(last=False)

    def _keys(self, items: Sequence[Any]) -> Iterator[int]:
        """A piece is known by what it holds and all that came before it."""
        key = 0
        for start in range(0, len(items) - self._size + 1, self._size):
            key = hash((key, items[start : start + self._size]))
            yield key


class ColdRate:
    """Seconds a token of prompts that were new, and what other times mean then.

    What else takes time, such as other requests in the same batch, makes prompts seem less cached
    than they were: a lower bound.
    """

    def __init__(self) -> None:
        self._rates: list[float] = []

    def learn(self, tokens: int, seconds: float) -> None:
        """A prompt of `tokens` that shares next to nothing with earlier ones took so long."""
        if tokens >= _SHORTEST and len(self._rates) < 64:
            self._rates.append(seconds / tokens)

    def cached(self, tokens: int, seconds: float) -> int | None:
        """Tokens in whole blocks that were not read, None before anything is known."""
        if len(self._rates) < _COLD:
            return None
        read = seconds / median(self._rates)
        return _whole_blocks(max(0, min(tokens - 1, round(tokens - read))))


class Counted(Wrapping):
    """`engine`, its usages completed by what is known of prefixes: one for each run and engine.

    A prompt is compared with all that came before it, those under way too, and with their replies:
    what an engine that had read one after the other would have found in its cache.
    """

    def __init__(self, engine: Generator, clock: Callable[[], float] = perf_counter) -> None:
        self.engine = engine
        self._clock = clock
        self._seen = Prefixes()
        self._cold = ColdRate()

    @property
    def identity(self) -> str:
        """The engine's, empty where it has none."""
        return str(getattr(self.engine, "identity", ""))

    async def generate(self, request: Request) -> list[Completion]:
        """The engine's completions."""
        text = _rendered(request)
        shared = self._look_up(text)
        first, *others = await self.engine.generate(request)
        for one in (first, *others):
            self._seen.add(text + one.text)
        return [_with(first, self._usage(first.usage, text, shared, None)), *others]

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """The engine's chunks."""
        text = _rendered(request)
        shared = self._look_up(text)
        started_s, first_s = self._clock(), None
        source = cast(AsyncGenerator[Chunk, None], self.engine.stream(request))
        async with aclosing(source) as chunks:
            async for chunk in chunks:
                first_s = self._clock() - started_s if first_s is None else first_s
                if chunk.completion is not None:
                    self._seen.add(text + chunk.completion.text)
                    usage = self._usage(chunk.completion.usage, text, shared, first_s)
                    yield Chunk(chunk.text, _with(chunk.completion, usage))
                else:
                    yield chunk

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        """The engine's scores; nothing is told of their prompts."""
        return await self.engine.score(request, continuations)

    async def count_tokens(self, request: Request) -> int:
        """The engine's count."""
        return await self.engine.count_tokens(request)

    async def aclose(self) -> None:
        """Close the engine."""
        await self.engine.aclose()

    def _look_up(self, text: str) -> int:
        shared = self._seen.shared(text)
        self._seen.add(text)
        return shared

    def _usage(self, usage: Usage, text: str, shared: int, first_s: float | None) -> Usage:
        tokens, told = usage.prompt_tokens, dict[str, int]()
        if usage.reusable_tokens is None and text:
            share = min(max(0, tokens - 1), tokens * shared // len(text))  # the last is read anew
            told["reusable_tokens"] = told["estimated_tokens"] = _whole_blocks(share)
        if usage.cached_tokens is None and first_s is not None:
            if shared <= (1 - _NEW) * len(text):
                self._cold.learn(tokens, first_s)
            cached = self._cold.cached(tokens, first_s) if shared else 0
            if cached is not None:
                told["cached_tokens"] = told["inferred_tokens"] = cached
        if usage.cached_tokens is None and "cached_tokens" not in told:
            told["untold_tokens"] = told.get("reusable_tokens", usage.reusable_tokens or 0)
        return usage.model_copy(update=told) if told else usage


def _with(completion: Completion, usage: Usage) -> Completion:
    return (
        completion.model_copy(update={"usage": usage}) if usage != completion.usage else completion
    )


def _whole_blocks(tokens: int) -> int:
    return tokens // BLOCK * BLOCK


def _rendered(request: Request) -> str:
    """The prompt as a text that a longer prompt's text goes on from: tools, turns, prefill."""
    tools = "".join(tool.model_dump_json() for tool in request.tools)
    turns = "".join(
        f"\x1e{m.role}\x1f{m.content}"
        + "".join(f"\x1f{c.name} {c.arguments}" for c in m.tool_calls)
        for m in request.messages
    )
    return f"{tools}{turns}\x1eassistant\x1f{request.prefill}"
