"""What of each prompt was reusable, and what was cached, where an engine does not say."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, cast

import pytest

from ragreason.generation.prefixes import ColdRate, Counted, Prefixes
from ragreason.generation.scripted import Scripted
from ragreason.protocols import Chunk
from ragreason.types import Completion, Message, Request, ToolSpec, Usage

TOKENS_A_CHAR = 4


def ask(text: str, **fields: Any) -> Request:
    return Request.model_validate({"messages": (Message(role="user", content=text),), **fields})


def common(one: Sequence[Any], other: Sequence[Any]) -> int:
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


@pytest.mark.parametrize("kind", [str, tuple])
def test_shared_is_the_longest_prefix_with_any_earlier_in_whole_pieces(kind: Any) -> None:
    texts = ["abcdefgh", "abcdexyz", "abxdefgh", "abcdexyzuvw", "", "a", "abcdefghi", "bcdefgh"]
    seen, prefixes = list[Any](), Prefixes(2)
    for text in texts:
        items = text if kind is str else tuple(map(ord, text))
        longest = max((common(items, other) // 2 * 2 for other in seen), default=0)
        assert prefixes.shared(items) == longest, text
        prefixes.add(items)
        seen.append(items)


def test_equal_pieces_in_another_place_are_not_shared() -> None:
    prefixes = Prefixes(2)
    prefixes.add("abcd")
    assert prefixes.shared("cdab") == 0
    assert prefixes.shared("xxcd") == 0


def test_it_forgets_what_was_used_longest_ago() -> None:
    prefixes = Prefixes(2, capacity=4)
    prefixes.add("aabb")
    prefixes.add("ccdd")
    assert prefixes.shared("aabb") == 4, "used again"
    prefixes.add("eeff")
    assert prefixes.shared("aabb") == 4
    assert prefixes.shared("ccdd") == 0


def test_times_say_nothing_before_cold_prompts_were_timed() -> None:
    rate = ColdRate()
    rate.learn(1000, 10.0)
    rate.learn(10, 99.0)
    rate.learn(2000, 20.0)
    assert rate.cached(1000, 1.0) is None
    rate.learn(500, 50.0)
    assert rate.cached(1000, 1.0) == 896, "900 in whole blocks; one cold prompt may be slow"
    assert rate.cached(1000, 99.0) == 0
    assert rate.cached(1000, 0.0) == 992, "the last token is always read"


class Server(Scripted):
    """Streams; its clock moves by a tenth of a second for each prompt token that is not cached."""

    capabilities = frozenset({"stream", "cached", "prefill"})

    def __init__(self, usage: Usage | None = None, cached: int = 0) -> None:
        super().__init__(default="a reply")
        self.now = 0.0
        self.cached = cached
        self._told = usage

    def clock(self) -> float:
        return self.now

    async def generate(self, request: Request) -> list[Completion]:
        tokens = len(request.messages[0].content) // TOKENS_A_CHAR
        usage = self._told or Usage(prompt_tokens=tokens, completion_tokens=2, calls=1)
        completions = [Completion(text="a reply", usage=usage)]
        return completions + [Completion(text=f"reply {i}") for i in range(1, request.n)]

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        (completion,) = await self.generate(request)
        self.now += (completion.usage.prompt_tokens - self.cached) / 10
        yield Chunk("a ")
        self.now += 1000
        yield Chunk("reply", completion)


def counted(server: Server) -> Counted:
    return Counted(cast(Any, server), server.clock)


async def streamed(engine: Counted, request: Request) -> Usage:
    async with aclosing(engine.stream(request)) as stream:  # type: ignore[type-var]
        chunks = [chunk async for chunk in stream]
    assert "".join(chunk.text for chunk in chunks) == "a reply"
    assert chunks[-1].completion is not None
    return chunks[-1].completion.usage


async def test_reusable_tokens_are_estimated_and_marked() -> None:
    engine = counted(Server())
    (first,) = await engine.generate(ask("x" * 4000))
    (again,) = await engine.generate(ask("x" * 4000))
    (other,) = await engine.generate(ask("x" * 2000 + "y" * 2000))
    assert first.usage.reusable_tokens == first.usage.estimated_tokens == 0
    assert again.usage.reusable_tokens == again.usage.estimated_tokens == 992, "of 1,000"
    assert other.usage.reusable_tokens == 496
    assert first.usage.cached_tokens is None, "without a time nothing is inferred"
    assert again.usage.untold_tokens == 992


async def test_a_reply_that_the_next_prompt_goes_on_from_is_reusable() -> None:
    engine = counted(Server())
    await engine.generate(ask("x" * 4000, prefill="so "))
    (longer,) = await engine.generate(ask("x" * 4000, prefill="so a reply and much more"))
    (other,) = await engine.generate(ask("x" * 4000, prefill="so what, then, and much more"))
    assert (longer.usage.reusable_tokens or 0) >= (other.usage.reusable_tokens or 0) > 900


async def test_tools_and_roles_are_part_of_the_prompt() -> None:
    engine = counted(Server())
    tool = ToolSpec(name="a", description="b" * 100, parameters="{}")
    await engine.generate(ask("x" * 4000))
    (with_tool,) = await engine.generate(ask("x" * 4000, tools=(tool,)))
    system = Request(messages=(Message(role="system", content="x" * 4000),))
    (as_system,) = await engine.generate(system)
    assert with_tool.usage.reusable_tokens == as_system.usage.reusable_tokens == 0


async def test_what_an_engine_counts_stands() -> None:
    told = Usage(prompt_tokens=100, cached_tokens=48, reusable_tokens=64)
    usage = await streamed(counted(Server(told)), ask("x" * 400))
    assert usage == told


async def test_cached_tokens_are_inferred_from_the_time_to_the_first_token_and_marked() -> None:
    server = Server()
    engine = counted(server)
    for letter in "abc":  # cold: nothing in common
        usage = await streamed(engine, ask(letter * 4000))
        assert usage.cached_tokens == usage.inferred_tokens == 0
    server.cached = 600
    usage = await streamed(engine, ask("a" * 4000))
    assert usage.cached_tokens == usage.inferred_tokens == 592, "600 in whole blocks"
    assert usage.reusable_tokens == 992


async def test_nothing_is_inferred_before_anything_cold_was_seen() -> None:
    engine = counted(Server())
    await streamed(engine, ask("a" * 4000))
    usage = await streamed(engine, ask("a" * 4000))
    assert usage.cached_tokens is None
    assert usage.inferred_tokens == 0
