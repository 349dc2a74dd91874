"""An engine behind the response cache."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

import pytest

from ragreason.cache import ResponseCache
from ragreason.errors import ConfigError, EngineError
from ragreason.generation.cached import Cached
from ragreason.generation.metered import Metered
from ragreason.generation.scripted import Scripted
from ragreason.ledger import Meter, as_verifier, metering
from ragreason.protocols import Chunk, Generator
from ragreason.types import Completion, Message, Request


def ask(text: str = "one two three", **fields: Any) -> Request:
    return Request.model_validate({"messages": (Message(role="user", content=text),), **fields})


class Known(Scripted):
    """A scripted engine that says what determines its replies: they are numbered."""

    def __init__(self, identity: str = "a", **script: Any) -> None:
        super().__init__(**{"default": self._numbered, **script})
        self.identity = identity
        self.said = 0

    def _numbered(self, _: Request) -> list[str]:
        self.said += 1
        return [f"reply number {self.said}, sample {i}" for i in range(8)]


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[ResponseCache]:
    made = ResponseCache(tmp_path / "responses.sqlite")
    yield made
    made.close()


async def test_a_second_run_gets_the_reply_of_the_first(cache: ResponseCache) -> None:
    request = ask(n=2, temperature=1.0, seed=3, logprobs=True)
    first = await Cached(Known(), cache).generate(request)
    engine = Known()
    second = await Cached(engine, cache).generate(request)
    assert engine.calls == 0
    assert [c.model_copy(update={"usage": first[0].usage}) for c in second] == [
        c.model_copy(update={"usage": first[0].usage}) for c in first
    ]


async def test_a_hit_has_the_usage_it_once_had_and_says_that_it_is_one(
    cache: ResponseCache,
) -> None:
    (before,) = await Cached(Known(), cache).generate(ask())
    (after,) = await Cached(Known(), cache).generate(ask())
    assert before.usage.cache_hits == before.usage.cache_hit_tokens == 0
    assert before.usage.tokens > 0
    told = {"cache_hits": 1, "cache_hit_tokens": before.usage.tokens}
    assert after.usage == before.usage.model_copy(update=told)


async def test_the_ledger_counts_hits_and_their_tokens_of_verifiers_too(
    cache: ResponseCache,
) -> None:
    engine = Metered(cast(Generator, Cached(Known(), cache)))
    with metering(Meter()) as cold:
        await engine.generate(ask(n=2))
        await engine.score(ask(), ["yes", "no"])
    with metering(Meter()) as warm, as_verifier():
        await engine.generate(ask(n=2))
        await engine.score(ask(), ["yes", "no"])
    assert cold.spent.cache_hits == 0
    assert warm.spent.cache_hits == warm.spent.calls == cold.spent.calls == 2
    assert warm.spent.cache_hit_tokens == warm.spent.tokens == cold.spent.tokens > 0


async def test_what_is_drawn_without_a_seed_is_never_kept(cache: ResponseCache) -> None:
    engine = Known()
    cached = Cached(engine, cache)
    for _ in range(2):
        await cached.generate(ask(temperature=1.0))
    assert engine.calls == 2
    assert cache.info().replies == 0


async def test_engines_settings_and_weights_do_not_mix(cache: ResponseCache) -> None:
    others = [
        Known("b"),
        Known(model="other"),
        Known(context=100),
        Known(capabilities=frozenset({"seed", "stream"})),
    ]
    for engine in [Known(), *others]:
        await Cached(engine, cache).generate(ask())
        assert engine.calls == 1


def test_an_engine_that_does_not_say_what_it_is_is_refused(cache: ResponseCache) -> None:
    for engine in (Scripted(default="x"), Known("")):
        with pytest.raises(ConfigError, match="identity"):
            Cached(engine, cache)


async def test_errors_are_never_kept(cache: ResponseCache) -> None:
    engine = Known(default=None, replies=[])
    cached = Cached(engine, cache)
    for request in (ask(), ask(json_schema="{")):
        with pytest.raises((EngineError, ConfigError)):
            await cached.generate(request)
    assert cache.info().replies == 0
    assert (await Cached(Known(), cache).generate(ask()))[0].text


async def test_cancelled_completions_are_never_kept(cache: ResponseCache) -> None:
    class Cancelled(Known):
        async def generate(self, request: Request) -> list[Completion]:
            return [Completion(text="half a", finish_reason="cancelled")]

    await Cached(Cancelled(), cache).generate(ask())
    assert cache.info().replies == 0


class Slow(Known):
    """Answers once it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        self.left = 0

    async def generate(self, request: Request) -> list[Completion]:
        self.begun.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.left += 1
            raise
        return await super().generate(request)


async def test_callers_at_once_share_one_call(cache: ResponseCache) -> None:
    engine = Slow()
    cached = Cached(engine, cache)
    tasks = [asyncio.create_task(cached.generate(ask())) for _ in range(3)]
    other = asyncio.create_task(cached.generate(ask("another prompt")))
    await engine.begun.wait()
    engine.go.set()
    found = await asyncio.gather(*tasks)
    assert len({one.text for (one,) in found}) == 1
    assert [one.usage.cache_hits for (one,) in found] == [0, 1, 1]
    assert (await other)[0].usage.cache_hits == 0
    assert engine.calls == 2


async def test_one_callers_cancellation_does_not_end_the_other_call(cache: ResponseCache) -> None:
    engine = Slow()
    cached = Cached(engine, cache)
    first, second = (asyncio.create_task(cached.generate(ask())) for _ in range(2))
    await engine.begun.wait()
    first.cancel()
    await asyncio.wait({first})
    engine.go.set()
    assert (await second)[0].text
    assert first.cancelled()
    assert engine.left == 0


async def test_the_last_callers_cancellation_reaches_the_engine(cache: ResponseCache) -> None:
    engine = Slow()
    task = asyncio.create_task(Cached(engine, cache).generate(ask()))
    await engine.begun.wait()
    task.cancel()
    await asyncio.wait({task})
    assert engine.left == 1
    assert cache.info().replies == 0


async def chunks_of(engine: Any, request: Request) -> list[Chunk]:
    async with aclosing(engine.stream(request)) as stream:
        return [chunk async for chunk in stream]


@pytest.mark.parametrize("text", ["two words", " led and trailed ", "", "一句中文"])
async def test_a_hit_streams_the_kept_text(cache: ResponseCache, text: str) -> None:
    first = await chunks_of(Cached(Known(default=text), cache), ask())
    engine = Known(default="something else")
    again = await chunks_of(Cached(engine, cache), ask())
    assert engine.calls == 0
    assert "".join(c.text for c in again) == text
    assert [c.completion is None for c in again] == [True] * (len(again) - 1) + [False]
    last, before = again[-1].completion, first[-1].completion
    assert last is not None
    assert before is not None
    assert (last.text, last.usage.cache_hits) == (text, 1)
    assert before.usage.cache_hits == 0
    (whole,) = await Cached(Known(), cache).generate(ask())
    assert whole.text == text


class Held(Known):
    """Streams one chunk, and the last once it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        self.calls += 1
        yield Chunk("a ")
        await self.go.wait()
        yield Chunk("b", Completion(text="a b"))


async def test_a_stream_that_is_left_early_is_not_kept(cache: ResponseCache) -> None:
    async with aclosing(Cached(Held(), cache).stream(ask())) as stream:  # type: ignore[type-var]
        await anext(stream)
    assert cache.info().replies == 0


async def test_streams_at_once_share_one_call(cache: ResponseCache) -> None:
    engine = Known()
    cached = Cached(engine, cache)
    one, two = await asyncio.gather(chunks_of(cached, ask()), chunks_of(cached, ask()))
    assert engine.calls == 1
    assert [c.text for c in one] == [c.text for c in two]
    ends = [chunks[-1].completion for chunks in (one, two)]
    assert [end.usage.cache_hits for end in ends if end is not None] == [0, 1]


async def test_streams_of_several_samples_are_refused_as_ever(cache: ResponseCache) -> None:
    with pytest.raises(ConfigError, match="n=2"):
        await chunks_of(Cached(Known(), cache), ask(n=2))


async def test_scores_and_counts_are_kept(cache: ResponseCache) -> None:
    scores = await Cached(Known(), cache).score(ask(), ["one", "x"])
    count = await Cached(Known(), cache).count_tokens(ask())
    engine = Known()
    cached = Cached(engine, cache)
    assert await cached.score(ask(), ["one", "x"]) == scores
    assert await cached.score(ask(), ["x", "one"]) == scores[::-1]
    assert engine.calls == 1
    assert await cached.count_tokens(ask()) == count == 3


async def test_an_engine_with_other_weights_is_asked_anew(cache: ResponseCache) -> None:
    engine = Known()
    cached = Cached(engine, cache)
    (before,) = await cached.generate(ask())
    engine.identity = "b"
    (after,) = await cached.generate(ask())
    assert before.text != after.text
    engine.identity = "a"
    assert (await cached.generate(ask()))[0].text == before.text


async def test_an_engine_that_no_longer_says_what_it_is_is_not_kept(cache: ResponseCache) -> None:
    engine = Known()
    cached = Cached(engine, cache)
    await cached.generate(ask())
    engine.identity = ""
    for said in (2, 3):
        (completion,) = await cached.generate(ask())
        assert completion.text.startswith(f"reply number {said}")
    async with aclosing(cached.stream(ask())) as stream:  # type: ignore[type-var]
        assert not any([chunk.kept async for chunk in stream])
    await cached.score(ask(), ["one"])
    assert await cached.count_tokens(ask()) == 3
    assert cache.info().replies == 1


async def test_a_hit_that_is_left_early_is_charged_as_a_hit(cache: ResponseCache) -> None:
    engine = Metered(Cached(Known(), cache))
    async with aclosing(engine.stream(ask())) as stream:  # type: ignore[type-var]
        _ = [chunk async for chunk in stream]
    meter = Meter()
    with metering(meter):
        async with aclosing(engine.stream(ask())) as stream:  # type: ignore[type-var]
            assert (await anext(stream)).kept
    assert meter.spent.cache_hits == 1
    assert meter.spent.cache_hit_tokens == meter.spent.tokens > 0


async def test_it_closes_its_engine_and_not_the_cache(cache: ResponseCache) -> None:
    engine = Known()
    await Cached(engine, cache).aclose()
    assert engine.closed
    cache.put("k", 1, "e")
    assert cache.get("k") == 1


async def test_a_cache_that_fails_does_not_fail_the_call(
    cache: ResponseCache, caplog: pytest.LogCaptureFixture
) -> None:
    cache._connection.execute("DROP TABLE responses")
    assert (await Cached(Known(), cache).generate(ask()))[0].text
    assert "response cache" in caplog.text


async def test_late_streams_get_the_pieces_that_came_before(cache: ResponseCache) -> None:
    engine = Held()
    cached = Cached(engine, cache)
    async with aclosing(cached.stream(ask())) as early:  # type: ignore[type-var]
        assert (await anext(early)).text == "a "
        late = asyncio.create_task(chunks_of(cached, ask()))
        await asyncio.sleep(0)
        engine.go.set()
        assert (await anext(early)).text == "b"
    assert [c.text for c in await late] == ["a ", "b"]
    assert engine.calls == 1
