"""Samples that are spread: their temperatures, their first tokens, their seeds, their cost."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from ragreason.errors import BudgetReachedError, CapabilityError, ConfigError, EngineError
from ragreason.generation.metered import Metered
from ragreason.generation.openvino import OpenVINOEngine
from ragreason.generation.scripted import Scripted
from ragreason.generation.widened import FIRST_TOKENS, Widened, Widening
from ragreason.ledger import Meter, metering
from ragreason.protocols import Generator
from ragreason.types import Budget, Completion, Message, Request, Usage

WORDS = [" Paris it is", " Rome it is", " Oslo it is"]


def ask(n: int = 1, **fields: Any) -> Request:
    messages = (Message(role="user", content="Which capital?"),)
    return Request.model_validate(
        {"messages": messages, "prefill": "Thought:", "n": n, "seed": 7, **fields}
    )


def going_on(request: Request) -> list[str]:
    """The rest of each text that the prefill has begun; all of them where it has begun none."""
    begun = request.prefill.removeprefix("Thought:")
    return [text.removeprefix(begun) for text in WORDS if text.startswith(begun)]


def branching(**options: Any) -> Scripted:
    return Scripted(default=going_on, **options)


def over(engine: Generator, *temperatures: float, first_tokens: int = 0, **at: Any) -> Widened:
    return Widened(engine, Widening(temperatures, first_tokens), **at)


async def test_sample_i_gets_temperature_i_and_equal_ones_are_one_request() -> None:
    engine = Scripted(default=WORDS)
    await over(engine, 0.3, 0.7, 1.0).generate(ask(7))
    asked = sorted((r.temperature, r.n) for r in engine.requests)
    assert asked == [(0.3, 3), (0.7, 2), (1.0, 2)]


async def test_completions_keep_the_order_of_their_samples() -> None:
    engine = Scripted(default=lambda r: f"at {r.temperature}")
    found = await over(engine, 0.3, 0.7).generate(ask(4))
    assert [c.text for c in found] == ["at 0.3", "at 0.7", "at 0.3", "at 0.7"]


@pytest.mark.parametrize(
    ("numbers", "temperatures"), [((1,), [0.7, 1.0, 0.3]), ((2, 2, 0), [1.0, 1.0, 0.3])]
)
async def test_numbers_say_where_in_the_schedule_the_samples_are(
    numbers: tuple[int, ...], temperatures: list[float]
) -> None:
    engine = Scripted(default=lambda r: str(r.temperature))
    found = await over(engine, 0.3, 0.7, 1.0, numbers=numbers).generate(ask(3))
    assert [float(c.text) for c in found] == temperatures


async def test_no_two_requests_share_a_seed_and_none_repeats_the_caller_s() -> None:
    engine = branching()
    widened = over(engine, 0.5, 1.0, first_tokens=3)
    for seed in (7, 8):
        await widened.generate(ask(6, seed=seed))
    drawn = [r.seed for r in engine.requests if not r.top_logprobs]
    assert len(drawn) == len(set(drawn)) == 12
    assert not {7, 8} & set(drawn)


async def test_the_same_request_asks_the_same_again() -> None:
    first, second = branching(), branching()
    for engine in (first, second):
        await over(engine, 0.5, 1.0, first_tokens=2).generate(ask(4))
    assert first.requests == second.requests


async def test_each_sample_begins_with_a_first_token_of_its_own_likeliest_first() -> None:
    engine = branching()
    found = await over(engine, first_tokens=3).generate(ask(3, logprobs=True))
    assert [c.text for c in found] == WORDS
    probe, *rest = engine.requests
    assert (probe.n, probe.max_tokens, probe.temperature) == (1, 1, 0.0)
    assert [r.prefill for r in rest] == ["Thought: Paris", "Thought: Rome", "Thought: Oslo"]
    assert {(r.temperature, r.max_tokens) for r in rest} == {(0.0, 255)}


async def test_the_first_token_s_log_probability_is_part_of_the_sample_s() -> None:
    engine = branching()
    (whole,) = await engine.generate(ask(logprobs=True))
    found = await over(engine, first_tokens=2).generate(ask(2, logprobs=True, top_logprobs=1))
    assert found[0].logprobs is not None
    assert len(found[0].logprobs) == 3
    assert found[0].logprobs[0] == whole.logprobs[0]  # type: ignore[index]
    assert found[1].top_logprobs is not None
    assert found[1].top_logprobs[1:] == (
        (found[1].top_logprobs[1][0],),
        (found[1].top_logprobs[2][0],),
    )


async def test_samples_beyond_k_share_first_tokens_and_their_requests() -> None:
    engine = branching()
    await over(engine, first_tokens=2).generate(ask(5, temperature=0.9))
    assert [(r.prefill, r.n) for r in engine.requests[1:]] == [
        ("Thought: Paris", 3),
        ("Thought: Rome", 2),
    ]


async def test_a_lone_sample_is_not_branched() -> None:
    engine = branching()
    (found,) = await over(engine, first_tokens=8).generate(ask())
    assert (found.text, engine.calls) == (WORDS[0], 1)


async def test_a_later_sample_of_the_same_prompt_takes_the_next_first_token() -> None:
    engine = branching()
    found = await over(engine, first_tokens=8, ranks=(1,)).generate(ask(2))
    assert [c.text for c in found] == WORDS[1:]


async def test_tokens_that_can_not_begin_a_reply_are_passed_over() -> None:
    texts = [
        "<|im_end|>",
        "\n\nPassages:",
        "caf\ufffd",
        "</s>",
        "So\nThought: x",
        "<think> hm",
        " Oslo",
    ]

    engine = Likely([(text, -1.0 - i) for i, text in enumerate(texts)])
    found = await over(engine, first_tokens=3).generate(ask(3, stop=("\n",), logprobs=True))
    assert [(c.text, c.finish_reason) for c in found] == [
        ("So", "stop"),
        ("<think> hm more", "stop"),
        (" Oslo more", "stop"),
    ]
    assert found[0].logprobs == (-5.0,)


class Likely(Scripted):
    """Says that these tokens are the likeliest, and " more" after each."""

    def __init__(self, tokens: list[tuple[str, float]]) -> None:
        super().__init__(default=" more")
        self.tokens = tuple(tokens)

    async def generate(self, request: Request) -> list[Completion]:
        found = await super().generate(request)
        if not request.top_logprobs:
            return found
        return [c.model_copy(update={"top_logprobs": (self.tokens,)}) for c in found]


async def test_where_no_token_can_begin_a_reply_the_engine_decides() -> None:
    found = await over(Likely([("</s>", -0.1)]), first_tokens=3).generate(ask(2))
    assert [c.text for c in found] == [" more", " more"]


async def test_a_stop_string_across_the_seam_ends_the_reply() -> None:
    engine = Likely([(" a\nOb", -0.1), (" b", -0.2)])
    found = await over(engine, first_tokens=2).generate(ask(2, stop=("\nOb mo",)))
    assert [(c.text, c.finish_reason) for c in found] == [(" a", "stop"), (" b more", "stop")]


async def test_one_token_of_room_is_the_first_token() -> None:
    engine = branching()
    found = await over(engine, first_tokens=2).generate(ask(2, max_tokens=1, logprobs=True))
    assert [(c.text, c.finish_reason) for c in found] == [(" Paris", "length"), (" Rome", "length")]
    assert [len(c.logprobs or ()) for c in found] == [1, 1]
    assert engine.calls == 1


async def test_a_fixed_form_and_first_tokens_exclude_each_other() -> None:
    with pytest.raises(ConfigError, match="fixed form"):
        await over(branching(), first_tokens=2).generate(ask(2, regex="(a|b)"))


async def test_what_is_charged_is_what_the_samples_say_they_cost() -> None:
    engine = Metered(branching())
    meter = Meter()
    with metering(meter):
        found = await over(engine, 0.5, 1.0, first_tokens=3).generate(ask(6))
    assert sum((c.usage for c in found), Usage()) == meter.spent
    assert meter.spent.calls == 1 + 6


async def test_a_budget_that_stops_some_requests_keeps_the_others() -> None:
    engine = Metered(Scripted(default=lambda r: str(r.temperature)))
    with metering(Meter(Budget(calls=2))):
        found = await over(engine, 0.1, 0.2, 0.3).generate(ask(6))
    assert [c.text for c in found] == ["0.1", "0.2", "0.1", "0.2"]


async def test_a_budget_that_stops_all_is_an_error() -> None:
    engine = Metered(Scripted(default="x"))
    with metering(Meter(Budget(calls=1), before=Usage(calls=1))), pytest.raises(BudgetReachedError):
        await over(engine, 0.1, 0.2).generate(ask(2))


async def test_an_error_cancels_the_other_requests() -> None:
    class Failing(Scripted):
        async def generate(self, request: Request) -> list[Completion]:
            if request.temperature == 0.2:
                raise EngineError("no")
            with self._counted(request):
                await asyncio.Event().wait()
            return []

    engine = Failing()
    with pytest.raises(EngineError, match="no"):
        await over(engine, 0.1, 0.2).generate(ask(2))
    assert engine._running == 0


async def test_all_requests_are_in_flight_together() -> None:
    engine = branching(latency_s=0.001)
    await over(engine, 0.5, 1.0, first_tokens=3).generate(ask(6))
    assert (engine.peak, engine.calls) == (6, 7)


def test_engines_that_can_branch_are_named_where_one_can_not() -> None:
    lacking = Scripted(capabilities=Scripted.capabilities - {"first_tokens"})
    with pytest.raises(CapabilityError, match=r"needs first_tokens.*openai, openvino, scripted"):
        Widening(first_tokens=2).check(lacking)
    Widening(temperatures=(0.5,)).check(lacking)


def test_nothing_to_spread_is_false() -> None:
    assert not Widening()
    assert Widening((0.5,))
    assert Widening(first_tokens=2)


@pytest.fixture(scope="module")
def smollm() -> Iterator[OpenVINOEngine]:
    engine = OpenVINOEngine("smollm2-135m", timeout_s=120)
    yield engine
    asyncio.run(engine.aclose())


@pytest.mark.model
async def test_the_embedded_engine_branches_on_its_likeliest_first_tokens(
    smollm: OpenVINOEngine,
) -> None:
    assert smollm.capabilities >= FIRST_TOKENS
    request = ask(4, prefill="The capital is", max_tokens=4, logprobs=True)
    found = await over(smollm, first_tokens=4).generate(request)
    (greedy,) = await smollm.generate(request.model_copy(update={"n": 1}))
    begun = {c.text.split()[0] for c in found}
    assert len(begun) == 4
    assert greedy.text.split()[0] in begun, "batching changes sums: the likeliest two may swap"
    firsts = [c.logprobs[0] for c in found if c.logprobs]
    assert firsts == sorted(firsts, reverse=True)
    assert firsts[0] == pytest.approx(greedy.logprobs[0], abs=0.3)  # type: ignore[index]
