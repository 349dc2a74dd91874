import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from ragreason.errors import BudgetReachedError, EngineDiedError, EngineError
from ragreason.generation.metered import Metered
from ragreason.generation.scripted import Scripted
from ragreason.ledger import Meter, as_verifier, metering
from ragreason.protocols import Chunk, Generator
from ragreason.types import Budget, Completion, Message, Request, Usage


def ask(**fields: object) -> Request:
    messages = (Message(role="user", content="one two three"),)
    return Request.model_validate({"messages": messages, **fields})


class Failing(Scripted):
    """Fails `times` times with `error`, then answers."""

    def __init__(self, error: EngineError, times: int) -> None:
        super().__init__(default="fine at last")
        self.error = error
        self.left = times
        self.tried = 0

    def _fail(self) -> None:
        self.tried += 1
        if self.left:
            self.left -= 1
            raise self.error

    async def generate(self, request: Request) -> list[Completion]:
        self._fail()
        return await super().generate(request)

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        yield Chunk("fine ")
        self._fail()
        (completion,) = await super().generate(request)
        yield Chunk("at last", completion)


async def test_a_request_is_one_call_however_many_samples() -> None:
    engine = Metered(Scripted(default="a b"))
    with metering(Meter()) as meter:
        await engine.generate(ask(n=3))
    assert meter.spent == Usage(prompt_tokens=3, completion_tokens=6, calls=1)


async def test_without_a_meter_calls_pass() -> None:
    assert len(await Metered(Scripted(default="a")).generate(ask(n=2))) == 2


async def test_streams_are_charged_when_finished_and_when_left() -> None:
    engine = Metered(Scripted(default="a b c"))
    with metering(Meter()) as meter:
        assert [c.text async for c in engine.stream(ask())] == ["a", " b", " c", ""]
    assert meter.spent == Usage(prompt_tokens=3, completion_tokens=3, calls=1)
    with metering(Meter()) as left:
        stream = engine.stream(ask())
        assert isinstance(stream, AsyncIterator)
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
    assert left.spent == Usage(prompt_tokens=3, completion_tokens=1, calls=1)


async def test_scores_charge_the_prompt_once_and_each_continuation() -> None:
    engine = Metered(Scripted(default="x"))
    with metering(Meter()) as meter:
        await engine.score(ask(prefill="four "), ["five", "five six"])
    assert meter.spent == Usage(prompt_tokens=4 + 1 + 2, calls=1)


async def test_a_verifiers_calls_count_as_verifier_tokens() -> None:
    with metering(Meter()) as meter, as_verifier():
        await Metered(Scripted(default="a b")).generate(ask())
    assert meter.spent == Usage(verifier_tokens=5, calls=1)


async def test_a_spent_budget_stops_every_kind_of_call_before_the_engine() -> None:
    inner = Scripted(default="a")
    engine = Metered(inner)
    with metering(Meter(Budget(calls=1), before=Usage(calls=1))):
        with pytest.raises(BudgetReachedError, match="calls"):
            await engine.generate(ask())
        with pytest.raises(BudgetReachedError, match="calls"):
            await engine.score(ask(), ["a"])
        with pytest.raises(BudgetReachedError, match="calls"):
            await anext(aiter(engine.stream(ask())))
    assert inner.calls == 0


@pytest.mark.parametrize(("n", "expected"), [(1, 7), (2, 3), (20, 1)])
async def test_max_tokens_are_lowered_to_what_is_left(n: int, expected: int) -> None:
    inner = Scripted(default="a")
    with metering(Meter(Budget(tokens=10), before=Usage(prompt_tokens=3))):
        await Metered(inner).generate(ask(n=n, max_tokens=100))
    assert inner.requests[0].max_tokens == expected


async def test_an_outer_meters_tokens_bound_too_and_a_final_meter_does_not() -> None:
    inner = Scripted(default="a")
    outer = Meter(Budget(tokens=6))
    with metering(Meter(Budget(tokens=10), outer=outer)):
        await Metered(inner).generate(ask(max_tokens=100))
    with metering(Meter(Budget(tokens=1), before=Usage(prompt_tokens=5), final=True)):
        await Metered(inner).generate(ask(max_tokens=100))
    assert [r.max_tokens for r in inner.requests] == [6, 100]


async def test_a_retryable_error_is_tried_again_and_charged_once() -> None:
    inner = Failing(EngineDiedError("gone"), times=2)
    with metering(Meter()) as meter:
        (completion,) = await Metered(inner, backoff_s=0.001).generate(ask())
    assert completion.text == "fine at last"
    assert (inner.tried, meter.spent.calls) == (3, 1)


async def test_retries_are_bounded() -> None:
    inner = Failing(EngineDiedError("gone"), times=9)
    with pytest.raises(EngineDiedError):
        await Metered(inner, attempts=3, backoff_s=0.001).generate(ask())
    assert inner.tried == 3


async def test_other_errors_are_not_tried_again() -> None:
    inner = Failing(EngineError("refused"), times=1)
    with pytest.raises(EngineError, match="refused"):
        await Metered(inner, backoff_s=0.001).generate(ask())
    assert inner.tried == 1


async def test_a_stream_that_began_is_not_repeated() -> None:
    inner = Failing(EngineDiedError("gone"), times=1)
    stream = aiter(Metered(inner, backoff_s=0.001).stream(ask()))
    assert (await anext(stream)).text == "fine "
    with pytest.raises(EngineDiedError):
        await anext(stream)


async def test_the_engines_identity_shows_through() -> None:
    inner: Generator = Scripted(default="a", context=77)
    engine = Metered(inner)
    assert isinstance(engine, Generator)
    shown: Sequence[object] = (engine.name, engine.context, engine.capabilities)
    assert shown == (inner.name, 77, inner.capabilities)
    assert await engine.count_tokens(ask()) == 3


async def test_calls_made_at_once_keep_the_budget_of_calls_together() -> None:
    inner = Scripted(default="a", latency_s=0.01)
    engine = Metered(inner)
    outer = Meter(Budget(calls=3))
    with metering(Meter(outer=outer)) as meter:
        found = await asyncio.gather(
            *(engine.generate(ask()) for _ in range(5)), return_exceptions=True
        )
        with pytest.raises(BudgetReachedError, match="calls"):
            await engine.generate(ask())
    assert [isinstance(f, BudgetReachedError) for f in found] == [False] * 3 + [True] * 2
    assert (inner.calls, meter.spent.calls, outer.spent.calls) == (3, 3, 3)
    assert outer.under_way == 0


async def test_a_call_that_failed_is_no_longer_under_way() -> None:
    engine = Metered(Failing(EngineError("no"), times=1))
    with metering(Meter(Budget(calls=1))) as meter:
        with pytest.raises(EngineError, match="no"):
            await engine.generate(ask())
        await engine.generate(ask())
    assert (meter.spent.calls, meter.under_way) == (1, 0)


async def test_a_final_answer_inside_a_binding_meter_gets_the_tokens_that_are_left() -> None:
    inner = Scripted(default="a b c")
    caller = Meter(Budget(tokens=40), before=Usage(prompt_tokens=30, calls=1))
    for binding in (True, False):
        around = Meter(outer=caller, binding=binding)
        with metering(Meter(Budget(tokens=1), outer=around, final=True)):
            await Metered(inner).generate(ask(max_tokens=100))
    assert [request.max_tokens for request in inner.requests] == [10, 100]
