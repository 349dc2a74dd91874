"""Which server a request goes to, in virtual time and without a network."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import pytest

from ragreason.generation.openai_faults import Fault
from ragreason.generation.openai_fleet import Fleet, Lease, Wish
from ragreason.generation.openai_limit import Limit
from ragreason.generation.openai_member import Member
from tests.search_runs.conftest import VirtualLoop

PREFIXES = [f"question {number}" for number in range(600)]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(asyncio.wait_for(work, 10_000))


def members(*names: str, room: float = 1000.0) -> list[Member]:
    return [Member(name, None, limit=Limit(room)) for name in names]


def favourite(fleet: Fleet, prefix: str) -> str:
    member = fleet.choice(Wish(prefix))
    assert member is not None
    return member.url


def test_prefixes_are_spread_evenly_and_stay_where_they_are() -> None:
    async def work() -> None:
        first = {p: favourite(Fleet(members("a", "b", "c")), p) for p in PREFIXES}
        again = {p: favourite(Fleet(members("c", "a", "b")), p) for p in PREFIXES}
        assert first == again
        assert all(150 < count < 250 for count in Counter(first.values()).values())

    run(work())


def test_a_server_that_goes_moves_only_its_own_prefixes() -> None:
    async def work() -> None:
        fleet = Fleet(members("a", "b", "c"))
        before = {p: favourite(fleet, p) for p in PREFIXES}
        fleet.members[1].out = True
        after = {p: favourite(fleet, p) for p in PREFIXES}
        assert {before[p] for p in PREFIXES if before[p] != after[p]} == {"b"}
        assert set(after.values()) == {"a", "c"}
        fleet.members[1].out = False
        assert {p: favourite(fleet, p) for p in PREFIXES} == before

    run(work())


def test_a_favourite_that_is_clearly_busier_passes_on_to_the_least_busy() -> None:
    async def work() -> None:
        fleet = Fleet(members("a", "b", "c"))
        (prefix, *_) = [p for p in PREFIXES if favourite(fleet, p) == "b"]
        a, b, c = fleet.members
        a.in_flight, b.in_flight, c.in_flight = 20, 22, 18
        assert favourite(fleet, prefix) == "b", "a little busier is no reason"
        b.in_flight = 60
        assert favourite(fleet, prefix) == "c"

    run(work())


def test_a_favourite_without_room_passes_on() -> None:
    async def work() -> None:
        fleet = Fleet(members("a", "b"))
        (prefix, *_) = [p for p in PREFIXES if favourite(fleet, p) == "b"]
        full, other = fleet.members[1], fleet.members[0]
        full.limit.value = 1.0
        full.in_flight, other.in_flight = 1, 30
        assert favourite(fleet, prefix) == "a"
        full.in_flight = 0
        assert favourite(fleet, prefix) == "b"
        full.rests_until_s = 5.0
        assert favourite(fleet, prefix) == "a"

    run(work())


def test_one_question_alone_never_overloads_its_favourite() -> None:
    async def work() -> None:
        fleet = Fleet(members("a", "b", "c", "d"))
        for _ in range(400):
            member = fleet.choice(Wish("the same"))
            assert member is not None
            member.in_flight += 1
        loads = sorted(member.in_flight for member in fleet.members)
        assert loads[-1] <= 1.25 * 100 + 5
        assert loads[0] >= 85

    run(work())


async def hold(fleet: Fleet, order: list[str], name: str, go: asyncio.Event) -> None:
    async with fleet.lease(Wish(name)):
        order.append(name)
        await go.wait()


def test_who_waits_is_served_first_in_first_out_and_a_cancelled_one_wakes_the_next() -> None:
    async def work() -> None:
        fleet = Fleet(members("a", room=1.0))
        order: list[str] = []
        gates = {name: asyncio.Event() for name in "abcd"}
        tasks = {
            name: asyncio.create_task(hold(fleet, order, name, gates[name])) for name in "abcd"
        }
        await asyncio.sleep(1)
        assert order == ["a"]
        gates["a"].set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        tasks["b"].cancel()  # its turn has come, or is about to
        await asyncio.sleep(1)
        gates["b"].set()
        gates["c"].set()
        await asyncio.sleep(1)
        assert order in (["a", "c", "d"], ["a", "b", "c", "d"])
        gates["d"].set()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        assert fleet.members[0].in_flight == 0

    run(work())


@pytest.mark.parametrize("turns", range(8))
def test_no_wake_up_is_lost_whenever_a_waiting_one_is_cancelled(turns: int) -> None:
    async def work() -> None:
        fleet = Fleet(members("a", room=1.0))
        order: list[str] = []
        gates = {name: asyncio.Event() for name in "abc"}
        tasks = [asyncio.create_task(hold(fleet, order, n, gates[n])) for n in "abc"]
        await asyncio.sleep(1)
        gates["a"].set()
        for _ in range(turns):
            await asyncio.sleep(0)
        tasks[1].cancel()
        gates["b"].set()
        gates["c"].set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert order[-1] == "c"
        assert fleet.members[0].in_flight == 0

    run(work())


def test_a_newcomer_does_not_pass_the_queue() -> None:
    async def work() -> None:
        fleet = Fleet(members("a", room=1.0))
        order: list[str] = []
        gates = {name: asyncio.Event() for name in "abc"}
        first = [asyncio.create_task(hold(fleet, order, n, gates[n])) for n in "ab"]
        await asyncio.sleep(1)
        gates["a"].set()
        await first[0]
        late = asyncio.create_task(hold(fleet, order, "c", gates["c"]))
        gates["b"].set()
        gates["c"].set()
        await asyncio.gather(first[1], late)
        assert order == ["a", "b", "c"]

    run(work())


def test_who_waits_for_a_rest_goes_on_when_it_is_over() -> None:
    async def work() -> float:
        fleet = Fleet(members("a"))
        fleet.members[0].rests_until_s = 7.0
        async with fleet.lease(Wish()):
            return asyncio.get_running_loop().time()

    assert run(work()) == pytest.approx(7.0, abs=0.01)


def test_a_rest_beyond_ones_patience_is_no_wait() -> None:
    async def work() -> None:
        fleet = Fleet(members("a", "b"))
        for member in fleet.members:
            member.rests_until_s = 7.0
        with pytest.raises(TimeoutError):
            async with fleet.lease(Wish(patience_s=5)):
                pass
        assert not fleet._queue
        assert asyncio.get_running_loop().time() < 1

    run(work())


def test_a_server_is_taken_out_by_what_it_is_to_blame_for() -> None:
    gone, failed, busy = Fault("gone", "x"), Fault("failed", "x"), Fault("busy", "x", 3.0)
    (member,) = members("a")
    member.failed(Fault("final", "x"), 0, 0)
    assert (member.out, member.problem) == (False, "")
    member.failed(busy, 0, 10)
    assert not member.out
    assert not member.takes(12.9)
    assert member.takes(13.0)
    for _ in range(2):
        member.failed(failed, 0, 0)
    assert not member.out
    member.succeeded()
    for _ in range(2):
        member.failed(failed, 0, 0)
    assert not member.out, "a success in between begins anew"
    member.failed(failed, 0, 0)
    assert member.out
    member.came_back()
    assert not member.out
    member.failed(failed, 0, 0)
    assert member.out, "the first failure after a probe is enough"
    member.succeeded()
    member.failed(gone, 0, 0)
    assert member.out


def test_replies_teach_the_limit_and_failures_do_not() -> None:
    async def work() -> None:
        fleet = Fleet(members("a"))
        async with fleet.lease(Wish()) as lease:
            await asyncio.sleep(2)
            lease.tokens = 9
        assert fleet.members[0].limit.fastest_s[0] == pytest.approx(0.2, abs=0.01)
        async with fleet.lease(Wish()):
            await asyncio.sleep(0.1)
        assert fleet.members[0].limit.fastest_s[0] == pytest.approx(0.2, abs=0.01)
        fleet.failed(Lease(fleet.members[0], 1.0, 1), Fault("slow", "x"))
        assert fleet.members[0].limit.value == 500

    run(work())
