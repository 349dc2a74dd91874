"""The simulated GPU server: its model by hand, and behind HTTP through the engine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise
from typing import Any, cast

import pytest

from benchmarks.simulated_server.gpu import Gpu, Rates, Work
from benchmarks.simulated_server.places import Places, courses
from benchmarks.simulated_server.replies import asking, reply_to
from benchmarks.simulated_server.schedule import Call, in_rounds, one_by_one, together
from benchmarks.simulated_server.serve import Simulated
from ragreason.errors import ConfigError
from ragreason.generation.openai import OpenAIEngine
from ragreason.types import Message, Request

FAST = Rates(prefill_tokens_per_s=1_000_000, step_s=0.001, step_s_each=0.0)


def words(count: int, of: str = "w") -> list[str]:
    return [f"{of}{number}" for number in range(count)]


def drained(gpu: Gpu, now_s: float = 0.0) -> float:
    while (ends_s := gpu.begin(now_s)) is not None:
        now_s = ends_s
        gpu.finish()
    return now_s


def test_one_sequence_takes_its_prefill_and_a_step_a_token() -> None:
    gpu = Gpu()
    gpu.submit(Work(words(2000), words(10)))
    assert drained(gpu) == pytest.approx(2000 / 20_000 + 10 * 0.0121)
    assert (gpu.prefilled, gpu.generated, gpu.steps) == (2000, 10, 10)


def test_whole_blocks_that_were_read_or_written_are_not_read_again() -> None:
    gpu = Gpu()
    first, reply = words(40), words(30, "r")
    gpu.submit(Work(first, reply))
    now_s = drained(gpu)
    longer, same, other = Work([*first, *reply, "x"], ["y"]), Work(first, ["y"]), Work(["z"], ["y"])
    for work in (longer, same, other):
        work.arrived_s = now_s
        gpu.submit(work)
    drained(gpu, now_s)
    assert longer.cached == 64, "of 69 tokens in the cache whole blocks of 16"
    assert (same.cached, other.cached) == (32, 0)


def test_the_last_token_of_a_prompt_is_always_read() -> None:
    gpu = Gpu()
    for _ in range(2):
        gpu.submit(work := Work(words(32), ["y"]))
        drained(gpu)
    assert work.cached == 16


def test_the_batch_is_bounded_and_filled_first_in_first_out() -> None:
    gpu = Gpu(Rates(most_running=2))
    works = [Work([name], words(length)) for name, length in (("a", 3), ("b", 1), ("c", 1))]
    for work in works:
        gpu.submit(work)
    ended: list[Work] = []
    now_s = 0.0
    while (ends_s := gpu.begin(now_s)) is not None:
        assert len(gpu.running) <= 2
        now_s = ends_s
        ended += gpu.finish()
    assert ended == [works[1], works[2], works[0]]


def test_what_arrives_during_a_step_waits_for_the_next() -> None:
    gpu = Gpu()
    gpu.submit(Work(["a"], words(2)))
    gpu.submit(late := Work(["b"], ["x"], arrived_s=0.001))
    ends_s = gpu.begin(0.0)
    assert ends_s is not None
    assert late not in gpu.running
    gpu.finish()
    gpu.begin(ends_s)
    assert late in gpu.running


def test_schedules_by_hand() -> None:
    rates = Rates(prefill_tokens_per_s=1e12, step_s=1.0, step_s_each=0.0)
    long, short = Call(["a"], words(4)), Call(["b"], words(1))
    asked = [[long, short], [short, long]]
    assert together(asked, 0.5, rates) == pytest.approx(6.5)
    assert in_rounds(asked, 0.5, rates) == pytest.approx(9.0)
    assert one_by_one(asked, 0.5, rates) == pytest.approx(12.0)


async def test_courses_are_as_long_as_was_drawn() -> None:
    places = Places.drawn(20, 3)
    for steps, course in zip(places.steps, await courses(places), strict=True):
        assert [len(call.reply) for call in course] == [step.reply_tokens for step in steps]
        grown = [len(call.prompt) for call in course]
        grown_by = [after - before for before, after in pairwise(grown)]
        shown = len("Passages: Thought:".split())
        assert grown_by == [
            before.reply_tokens + shown + step.passage_tokens for before, step in pairwise(steps)
        ]


def test_replies_are_as_asked_for_last_and_depend_on_the_prompt_alone() -> None:
    prompt = f"{asking(9, 'Answer: a')} and {asking(12, 'Search: b c')} end"
    text, whole = reply_to(prompt, 50)
    assert whole
    assert len(text.split()) == 12
    assert text.endswith("\nSearch: b c")
    assert reply_to(prompt, 50) == (text, True)
    assert reply_to(prompt + "!", 50) != (text, True)
    cut, whole = reply_to(prompt, 5)
    assert (len(cut.split()), whole) == (5, False)


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Simulated, OpenAIEngine]]:
    server = Simulated(Gpu(FAST))
    url = await server.start()
    engine = await asyncio.to_thread(OpenAIEngine, "simulated", base_url=url)
    yield server, engine
    await engine.aclose()
    await server.close()


def ask(text: str, **fields: Any) -> Request:
    return Request(messages=(Message(role="user", content=text),), **fields)


async def test_the_engine_gets_texts_and_cached_tokens() -> None:
    async with serving() as (server, engine):
        assert "prefill" in engine.capabilities
        request = ask(" ".join(words(50)), max_tokens=20, prefill="So")
        (first,) = await engine.generate(request)
        (again,) = await engine.generate(request)
        assert first.text == again.text
        assert first.usage.prompt_tokens == 1 + 50 + 1 + 1
        assert (first.usage.cached_tokens, again.usage.cached_tokens) == (0, 48)
        assert (first.usage.completion_tokens, first.finish_reason) == (20, "length")
        chunks = [chunk async for chunk in engine.stream(request)]
        assert "".join(chunk.text for chunk in chunks) == first.text
        assert len(chunks) > 10
        several = await engine.generate(ask("some", n=3, max_tokens=5))
        assert len({completion.text for completion in several}) == 3
        assert server.stats()["generated"] == 3 * 20 + 3 * 5
        (next_one,) = await engine.generate(ask("other words", max_tokens=4))
        assert next_one.usage.prompt_tokens == 1 + 2 + 1, "samples that end together, one answer"


async def test_who_leaves_frees_the_place() -> None:
    async with serving() as (server, engine):
        async with aclosing(cast(Any, engine.stream(ask("x", max_tokens=30_000)))) as chunks:
            await anext(chunks)
            assert len(server.gpu.running) == 1
        waiting = asyncio.create_task(engine.generate(ask("y", max_tokens=3)))
        await waiting
        assert not server.gpu.running
        assert not server._requests


async def test_a_wrong_url_is_refused_as_by_a_real_server() -> None:
    server = Simulated(Gpu(FAST))
    url = await server.start()
    engine = OpenAIEngine("simulated", base_url=url.removesuffix("/v1"), api_key="none")
    try:
        with pytest.raises(ConfigError, match="does not know this model or path"):
            await engine.generate(Request(messages=(Message(role="user", content="w"),)))
    finally:
        await engine.aclose()
        await server.close()
