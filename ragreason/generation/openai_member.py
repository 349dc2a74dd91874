"""One server of a fleet: how busy it is, how many requests it should have, and whether it is well.

It is taken out at once where it can't be reached or is not ready, and after `_STRIKES` failures in
a row that may have been the requests' own. A server that asks to wait rests until then.
"""

import random
from dataclasses import dataclass, field
from typing import Any

from ragreason.generation.openai_faults import Fault
from ragreason.generation.openai_limit import Limit
from ragreason.generation.openai_server import Server

_STRIKES = 3
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0


@dataclass(eq=False)
class Member:
    """A server as the fleet sees it. `url` is empty for the hosted service. `problem` says what is
    wrong with it, as in "can't be reached".
    """

    url: str
    client: Any
    server: Server = field(default_factory=Server)
    limit: Limit = field(default_factory=Limit)
    in_flight: int = 0
    out: bool = False
    rests_until_s: float = 0.0
    problem: str = ""
    probes: int = 0
    """How often it was probed since it last answered a request."""
    _strikes: int = 0
    _waits: int = 0

    def takes(self, now_s: float) -> bool:
        """Whether there is room for one request more, if it is well."""
        return self.rests_until_s <= now_s and self.in_flight < self.limit.room

    def succeeded(self) -> None:
        """It has answered: it is well."""
        self.problem, self.out = "", False
        self.probes = self._strikes = self._waits = 0

    def came_back(self) -> None:
        """A probe was answered. The next failure takes it out again, to be probed less often."""
        self.problem, self.out, self._strikes = "", False, _STRIKES - 1

    def failed(self, fault: Fault, sent_s: float, now_s: float) -> None:
        """It has failed at a request sent at `sent_s`."""
        if fault.kind == "final":
            return
        self.problem = fault.says
        self.limit.refused(sent_s, now_s)
        if fault.kind == "busy" or fault.wait_s is not None:
            wait_s = backoff_s(self._waits) if fault.wait_s is None else fault.wait_s
            self._waits += 1
            self.rests_until_s = max(self.rests_until_s, now_s + wait_s)
        if fault.kind == "busy":
            return
        self._strikes += 1
        self.out = self.out or fault.kind == "gone" or self._strikes >= _STRIKES


def backoff_s(times: int) -> float:
    """Seconds to wait after `times` waits: twice as long each time, never quite the same."""
    return min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0**times) * random.uniform(0.8, 1.2)
