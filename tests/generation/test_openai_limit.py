"""The concurrency limit against servers whose best is known."""

import heapq
import random
from collections.abc import Callable

import pytest

from ragreason.generation.openai_limit import Limit

TOKENS = 100


def driven(limit: Limit, replies: int, seconds_a_token: Callable[[int], float]) -> Limit:
    """`replies` of a server that always has as many requests as it may."""
    rng = random.Random(0)
    now_s, ends = 0.0, list[tuple[float, float, int]]()
    for _ in range(replies):
        while len(ends) < limit.room:
            tokens = rng.randint(TOKENS // 2, TOKENS * 3 // 2)
            took = tokens * seconds_a_token(len(ends) + 1)
            heapq.heappush(ends, (now_s + took, now_s, tokens))
        now_s, sent_s, tokens = heapq.heappop(ends)
        limit.told(now_s - sent_s, tokens, len(ends) + 1)
    return limit


@pytest.mark.parametrize("first", [8.0, 128.0, 1000.0])
@pytest.mark.parametrize("slots", [8, 32, 128])
def test_it_settles_above_the_servers_slots_with_a_bounded_queue(first: float, slots: int) -> None:
    queued = driven(Limit(first), 30_000, lambda n: 0.01 * max(1.0, n / slots))
    assert slots <= queued.room <= 6 * slots


def test_batching_that_slows_each_token_a_little_is_no_queue() -> None:
    batched = driven(Limit(16.0), 30_000, lambda n: 0.012 + 0.0001 * n)
    assert batched.room > 200


def test_a_server_that_becomes_slower_gets_fewer_and_then_as_many_as_it_is_worth() -> None:
    limit = driven(Limit(), 5_000, lambda n: 0.01 * max(1.0, n / 64))
    before = limit.room
    driven(limit, 300, lambda n: 0.1 * max(1.0, n / 64))
    assert limit.room < before
    driven(limit, 60_000, lambda n: 0.1 * max(1.0, n / 64))
    assert 32 <= limit.room <= 6 * 64


def test_what_is_not_used_does_not_grow() -> None:
    limit = Limit(128.0)
    for _ in range(10_000):
        limit.told(1.0, 99, in_flight=4)
    assert limit.value == 128.0
    for _ in range(10_000):
        limit.told(1.0, 99, in_flight=int(limit.value))
    assert limit.value > 256


def test_refusals_of_requests_sent_together_halve_it_once() -> None:
    limit = Limit(128.0)
    for _ in range(40):
        limit.refused(sent_s=10.0, now_s=11.0)
    assert limit.value == 64.0
    limit.refused(sent_s=10.9, now_s=12.0)
    assert limit.value == 64.0, "that one was on its way before the halving"
    limit.refused(sent_s=11.5, now_s=12.0)
    assert limit.value == 32.0
    for second in range(20, 60):
        limit.refused(second, second)
    assert limit.room == 1


def test_long_prompts_with_short_replies_are_no_slow_server() -> None:
    limit = Limit(64.0)
    for _ in range(2_000):  # 0.01 s a token of a reply, 0.1 ms a token of a prompt, never a queue
        limit.told(1.0 + 0.01, 100, int(limit.value), prompt_tokens=100)
        limit.told(0.03 + 0.8, 3, int(limit.value), prompt_tokens=8_000)
    assert limit.value > 64
