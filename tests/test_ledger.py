"""Usage and budgets."""

import asyncio

import pytest

from ragreason import ledger
from ragreason.errors import BudgetReachedError
from ragreason.ledger import Meter, as_verifier, current, metering
from ragreason.types import Budget, Usage

CALL = Usage(prompt_tokens=10, cached_tokens=4, completion_tokens=5, calls=1)


def test_outside_a_run_no_meter_is_open() -> None:
    assert current() is None


def test_charges_add_up() -> None:
    meter = Meter()
    meter.charge(CALL)
    meter.charge(CALL)
    assert meter.spent == CALL + CALL


def test_a_verifiers_tokens_count_once_and_as_its_own() -> None:
    meter = Meter()
    with as_verifier():
        meter.charge(CALL)
    assert meter.spent == Usage(verifier_tokens=15, calls=1)
    meter.charge(CALL)
    assert meter.spent.tokens == 30


def test_no_budget_is_never_reached() -> None:
    meter = Meter()
    meter.charge(Usage(prompt_tokens=10**9, calls=10**6, retrievals=10**6))
    assert meter.reached() is None
    meter.check()


@pytest.mark.parametrize(
    ("limit", "below", "at"),
    [
        ("tokens", Usage(prompt_tokens=9), Usage(prompt_tokens=4, completion_tokens=6)),
        ("tokens", Usage(completion_tokens=9), Usage(verifier_tokens=10)),
        ("calls", Usage(calls=9), Usage(calls=10)),
        ("retrievals", Usage(retrievals=9), Usage(retrievals=10)),
    ],
)
def test_a_bound_is_reached_when_it_is_spent(limit: str, below: Usage, at: Usage) -> None:
    budget = Budget.model_validate({limit: 10})
    spending = Meter(budget)
    spending.charge(below)
    spending.check()
    spent = Meter(budget)
    spent.charge(at)
    with pytest.raises(BudgetReachedError) as caught:
        spent.check()
    assert caught.value.limit == limit


def test_what_the_question_spent_before_counts() -> None:
    meter = Meter(Budget(calls=3), before=Usage(calls=2))
    assert meter.reached() is None
    meter.charge(Usage(calls=1))
    assert meter.reached() == "calls"
    assert meter.spent == Usage(calls=1)


def test_steps_count() -> None:
    assert Meter(Budget(steps=3), steps=2).reached() is None
    assert Meter(Budget(steps=3), steps=3).reached() == "steps"


def test_seconds_count_from_the_questions_start(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(ledger, "monotonic", lambda: now[0])
    meter = Meter(Budget(seconds=5), elapsed_s=2.0)
    now[0] += 2.5
    assert meter.elapsed_s == 4.5
    assert meter.reached() is None
    now[0] += 0.5
    assert meter.reached() == "seconds"


def test_a_budget_without_retrievals_is_reached_before_the_first() -> None:
    assert Meter(Budget(retrievals=0)).reached() == "retrievals"


def test_metering_nests_and_closes() -> None:
    outer, inner = Meter(), Meter()
    with metering(outer):
        with metering(inner):
            assert current() is inner
        assert current() is outer
    assert current() is None


def test_metering_closes_after_an_error() -> None:
    with pytest.raises(RuntimeError), metering(Meter()):
        raise RuntimeError
    assert current() is None


async def test_tasks_started_inside_charge_the_same_meter_and_neighbours_do_not() -> None:
    async def call(tokens: int) -> None:
        await asyncio.sleep(0)
        meter = current()
        assert meter is not None
        meter.charge(Usage(prompt_tokens=tokens))

    async def question(tokens: int) -> Usage:
        with metering(Meter()) as meter:
            async with asyncio.TaskGroup() as group:
                for _ in range(5):
                    group.create_task(call(tokens))
        return meter.spent

    spent = await asyncio.gather(question(1), question(100))
    assert [u.prompt_tokens for u in spent] == [5, 500]


async def test_a_verifiers_role_stays_in_its_task() -> None:
    ready = asyncio.Event()

    async def verify(meter: Meter) -> None:
        with as_verifier():
            ready.set()
            await asyncio.sleep(0)
            meter.charge(CALL)

    with metering(Meter()) as meter:
        task = asyncio.create_task(verify(meter))
        await ready.wait()
        meter.charge(CALL)
        await task
    assert meter.spent == CALL + Usage(verifier_tokens=15, calls=1)


def test_steps_count_in_the_meters_around_too() -> None:
    outer = Meter(Budget(steps=3), steps=1)
    inner = Meter(outer=outer)
    inner.step(1)
    assert inner.reached() is None
    inner.step(1)
    assert inner.reached() == "steps"
    assert (inner.stepped, outer.stepped) == (2, 2)


def test_a_final_meter_keeps_the_bounds_of_a_binding_one_only() -> None:
    caller = Meter(Budget(calls=1), before=CALL)
    own = Meter(Budget(calls=1), before=CALL, outer=caller)
    assert Meter(outer=own, final=True).reached() is None
    binding = Meter(outer=caller, binding=True)
    inside = Meter(Budget(tokens=1), before=CALL, outer=binding)
    assert Meter(Budget(tokens=1), before=CALL, outer=inside, final=True).reached() == "calls"
    free = Meter(outer=Meter(outer=Meter(), binding=True), final=True)
    assert free.reached() is None


def test_what_is_left_counts_all_bounds_around_and_those_that_final_meters_do_not_hold() -> None:
    outer = Meter(Budget(calls=5, tokens=100), before=Usage(calls=1, prompt_tokens=10))
    final = Meter(Budget(calls=9), outer=outer, final=True)
    with metering(final):
        with final.calling():
            assert (ledger.left("calls"), ledger.left("tokens")) == (3, 90)
            final.charge(Usage(prompt_tokens=20, calls=1))
        assert (ledger.left("calls"), ledger.left("tokens")) == (3, 70)
        final.charge(Usage(calls=8))
        assert ledger.left("calls") == -5
        final.check()
    assert ledger.left("calls") is None
    with metering(Meter()):
        assert ledger.left("tokens") is None


def test_a_meter_inside_another_knows_the_time_of_the_whole_question() -> None:
    outer = Meter(elapsed_s=100.0)
    inside = Meter(outer=Meter(outer=outer))
    assert inside.elapsed_s < 100 <= inside.question_s
    resumed = Meter(elapsed_s=200.0, outer=outer)
    assert resumed.question_s >= 200
