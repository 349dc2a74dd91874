"""One request's way through a fleet: where it goes, and whether it is tried again.

A request is tried again where that is safe: nothing of a reply has been passed on, and the fault is
the server's. Going on to a server that has not failed at it yet costs no wait; once all have, each
further round waits longer, `retries` times. A wait that a server asked for is no retry, but all of
them together last no longer than `timeout_s`. The client's own retries are off, and what comes out
here is not `retryable`: nothing is tried again in two places.
"""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import NoReturn

from ragreason.errors import EngineError
from ragreason.generation.openai_errors import Names, broken_off, none_left, refused
from ragreason.generation.openai_faults import Fault, fault_of
from ragreason.generation.openai_fleet import Fleet, Lease, Wish
from ragreason.generation.openai_member import Member, backoff_s


class Course:
    """Take a `place`, send the request, tell `failed` if it comes to nothing, and do it again."""

    def __init__(
        self, fleet: Fleet, prefix: str, names: Names, *, retries: int, timeout_s: float
    ) -> None:
        self._fleet = fleet
        self._prefix = prefix
        self._names = names
        self._retries = retries
        self._timeout_s = timeout_s
        self._tried: set[Member] = set()
        self._rounds = 0
        self._until_s = asyncio.get_running_loop().time() + timeout_s

    def place(self) -> AbstractAsyncContextManager[Lease]:
        """A place on a server. Raises EngineError where all of them rest for too long."""
        left_s = self._until_s - asyncio.get_running_loop().time()
        wish = Wish(self._prefix, tuple(self._tried), max(0.0, left_s), self._give_up)
        return self._fleet.lease(wish)

    def failed(self, lease: Lease, error: Exception, *, begun: bool = False) -> float:
        """Seconds to wait before it is tried again. Raises what the caller should, if it isn't.

        `begun`: text of the reply was passed on, which another reply would not continue.
        """
        if isinstance(error, EngineError):
            raise EngineError(f"{self._names.of(lease.member.url)}: {error}") from None
        fault = fault_of(error, self._timeout_s)
        if fault is None:
            raise error
        self._fleet.failed(lease, fault)
        if fault.kind == "final":
            raise refused(error, self._names, lease.member.url) from None
        if begun:
            raise broken_off(fault, self._names, lease.member.url) from None
        self._tried.add(lease.member)
        wait_s = self._wait_s(fault)
        if wait_s is None:
            self._give_up(error)
        return wait_s

    def _wait_s(self, fault: Fault) -> float | None:
        """None: it is not tried again."""
        if fault.kind == "busy" and fault.wait_s:
            return 0.0  # whoever takes a place waits until a server is ready
        if any(not m.out and m not in self._tried for m in self._fleet.members):
            return 0.0
        self._rounds += 1
        if self._rounds > self._retries:
            return None
        self._tried.clear()
        return backoff_s(self._rounds - 1)

    def _give_up(self, error: Exception | None = None) -> NoReturn:
        if error is not None and len(self._fleet.members) == 1:
            raise refused(error, self._names, self._fleet.members[0].url) from None
        problems = {m.url: m.problem for m in self._fleet.members}
        raise none_left(problems, self._names) from None
