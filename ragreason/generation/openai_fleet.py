"""Which server a request goes to: the one that has read its prefix, unless that is clearly busier.

Each prefix has a favourite among the servers that are well, by rendezvous hashing: a server that
goes or comes moves only its own prefixes. A favourite with more than its share of the requests in
flight, or that is full or resting, passes the request on to the least busy server. Where all are
full, requests wait first in, first out. Sources: Thaler & Ravishankar 1998 (rendezvous hashing);
Mirrokni, Thorup & Zadimoghaddam, arXiv 1608.01350 (consistent hashing with bounded loads).
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import blake2b
from math import ceil, inf
from typing import NoReturn

from ragreason.generation.openai_faults import Fault, fault_of
from ragreason.generation.openai_member import Member, backoff_s
from ragreason.generation.openai_server import Server, described
from ragreason.types import Completion

_SHARE = 1.25
_SLACK = 4
"""Requests that a favourite may have beyond `_SHARE` of the mean: few are never clearly busier."""


def _time_out() -> NoReturn:
    raise TimeoutError


@dataclass(frozen=True)
class Wish:
    """What a request wants of the fleet: a server that has read `prefix` and is none to `avoid`.

    `give_up` is called, and raises, where all servers rest for longer than `patience_s`.
    """

    prefix: str = ""
    avoid: Collection[Member] = ()
    patience_s: float = inf
    give_up: Callable[[], NoReturn] = _time_out


@dataclass
class Lease:
    """One request's place on a server, from `sent_s` on, `among` so many. `tokens`: of its reply,
    once it has come; `read`: of its prompt, as far as the server didn't have it.
    """

    member: Member
    sent_s: float
    among: int
    tokens: int | None = None
    read: int = 0

    def came(self, completions: Sequence[Completion]) -> None:
        """The reply has come."""
        self.tokens = max(c.usage.completion_tokens for c in completions)
        self.read = sum(c.usage.prompt_tokens - (c.usage.cached_tokens or 0) for c in completions)


class Fleet:
    """The servers of one engine in one event loop.

    `fits` says what a server that has come back lacks, or "". Closing it ends its probes.
    """

    def __init__(
        self,
        members: Sequence[Member],
        *,
        model: str = "",
        probe_timeout_s: float = 3.0,
        fits: Callable[[Server], str] = lambda _: "",
    ) -> None:
        self.members = tuple(members)
        self._model = model
        self._probe_timeout_s = probe_timeout_s
        self._fits = fits
        self._loop = asyncio.get_running_loop()
        self._queue: deque[asyncio.Future[None]] = deque()
        self._probes: dict[Member, asyncio.Task[None]] = {}
        for member in self.members:
            self.watch(member)

    @asynccontextmanager
    async def lease(self, wish: Wish) -> AsyncIterator[Lease]:
        """A place on a server, as soon as there is one."""
        member = await self._place(wish)
        lease = Lease(member, self._loop.time(), member.in_flight)
        try:
            yield lease
        finally:
            member.in_flight -= 1
            if lease.tokens is not None:
                member.succeeded()
                if lease.tokens:
                    spent_s = self._loop.time() - lease.sent_s
                    member.limit.told(spent_s, lease.tokens, lease.among, lease.read)
            self._wake()

    def failed(self, lease: Lease, fault: Fault) -> None:
        """The request that held the lease came to nothing."""
        lease.member.failed(fault, lease.sent_s, self._loop.time())
        self.watch(lease.member)

    def watch(self, member: Member) -> None:
        """Probe a server that is out until it is well; one that is alone is simply tried again."""
        if member.out and len(self.members) > 1 and member not in self._probes:
            self._probes[member] = asyncio.create_task(self._probe(member))

    def well(self) -> list[Member]:
        """The servers that are not out; all of them if all are, as nothing better is left."""
        return [m for m in self.members if not m.out] or list(self.members)

    async def aclose(self) -> None:
        """End the probes."""
        probes = list(self._probes.values())
        for probe in probes:
            probe.cancel()
        await asyncio.gather(*probes, return_exceptions=True)

    def choice(self, wish: Wish) -> Member | None:
        """The server for a request now; None where none has room."""
        now_s, well = self._loop.time(), self.well()
        free = [m for m in well if m.takes(now_s)]
        free = [m for m in free if m not in wish.avoid] or free
        if len(free) <= 1:
            return free[0] if free else None
        weight = _weights(wish.prefix)
        favourite = max(well, key=weight)
        mean = (sum(m.in_flight for m in well) + 1) / len(well)
        if favourite in free and favourite.in_flight < ceil(_SHARE * mean) + _SLACK:
            return favourite
        return min(free, key=lambda m: (m.in_flight, -weight(m)))

    async def _place(self, wish: Wish) -> Member:
        member = None if self._queue else self.choice(wish)
        if member is None:
            member = await self._queued(wish)
        member.in_flight += 1
        return member

    async def _queued(self, wish: Wish) -> Member:
        """Wait for a place; the first of the queue stays there until it has one."""
        turn = self._loop.create_future()
        self._queue.append(turn)
        try:
            while True:
                if self._queue[0] is turn:
                    member = self.choice(wish)
                    if member is not None:
                        return member
                    self._wake_after_rest(wish)
                await turn
                again = self._loop.create_future()
                self._queue[self._queue.index(turn)] = again
                turn = again
        finally:
            self._queue.remove(turn)
            self._loop.call_soon(self._wake)  # whoever leaves the queue lets the next one look

    def _wake(self) -> None:
        """Let the first of the queue look for a place."""
        if self._queue and not self._queue[0].done():
            self._queue[0].set_result(None)

    def _wake_after_rest(self, wish: Wish) -> None:
        rests = [m.rests_until_s for m in self.well()]
        now_s = self._loop.time()
        if min(rests) > now_s + wish.patience_s:
            wish.give_up()
        ahead = [until for until in rests if until > now_s]
        if ahead:
            self._loop.call_at(min(ahead), self._wake)

    async def _probe(self, member: Member) -> None:
        while member.out:
            await asyncio.sleep(backoff_s(member.probes))
            member.probes += 1
            problem = await self._ask(member)
            if problem:
                member.problem = problem
            else:
                member.came_back()
        del self._probes[member]
        self._wake()

    async def _ask(self, member: Member) -> str:
        """What is wrong with the server, or ""."""
        try:
            async with asyncio.timeout(self._probe_timeout_s):
                listing = await member.client.get("/models", cast_to=object)
        except Exception as error:
            fault = fault_of(error, self._probe_timeout_s)
            if fault is None:
                return f"can't be asked for its models: {type(error).__name__}"
            return "" if fault.kind == "final" else fault.says  # a refusal is an answer
        found = described(listing, self._model)
        lacks = self._fits(found)
        if not lacks:
            member.server = found
        return lacks


def _weights(prefix: str) -> Callable[[Member], int]:
    """Servers to what they weigh for this prefix: the heaviest is its favourite."""
    digest = blake2b(prefix.encode(errors="replace"), digest_size=16).digest()

    def weight(member: Member) -> int:
        return int.from_bytes(blake2b(digest + member.url.encode(), digest_size=8).digest())

    return weight
