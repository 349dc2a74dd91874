"""How many requests a server should have at once, learned from how long it takes.

A gradient limit: the seconds a token takes now are held against those it took when the server had
little to do. Batching makes tokens slower long before a server is full, so up to `_TOLERATED` times
as long is fine; past that requests only queue up in the server, and the limit shrinks in
proportion. It grows by its square root, the queue that keeps a server busy between two replies.
Refusals, time-outs and lost connections halve it, once for all that were on their way together.
Sources: Netflix' concurrency-limits (Gradient); Chiu & Jain 1989 for additive increase and
multiplicative decrease.
"""

from dataclasses import dataclass
from math import inf, sqrt

_FIRST = 128.0
_MOST = 2048.0
_TOLERATED = 4.0
_SMOOTHING = 0.3
_NO_QUEUE_OF_OURS = 8.0
_WINDOW = 16


@dataclass
class Limit:
    """`value` is at least 1. Seconds are those of one clock, whichever."""

    value: float = _FIRST
    fastest_s: float = inf
    """The fewest seconds a token of a reply has taken."""
    _halved_at_s: float = -inf
    _seconds: float = 0.0
    _tokens: int = 0
    _replies: int = 0
    _busiest: int = 0

    @property
    def room(self) -> int:
        """Requests at once."""
        return int(self.value)

    def told(self, seconds: float, tokens: int, in_flight: int) -> None:
        """A reply of `tokens` took `seconds`, while `in_flight` requests were there, itself too."""
        self.fastest_s = min(self.fastest_s, seconds / (tokens + 1))  # one for the prompt
        self._seconds += seconds
        self._tokens += tokens + 1
        self._replies += 1
        self._busiest = max(self._busiest, in_flight)
        if self._replies >= max(_WINDOW, self.value / 2):
            self._learn()

    def refused(self, sent_s: float, now_s: float) -> None:
        """A request sent at `sent_s` was refused or lost."""
        if sent_s > self._halved_at_s:
            self.value = max(1.0, self.value / 2)
            self._halved_at_s = now_s

    def _learn(self) -> None:
        slowed = self._seconds / self._tokens / self.fastest_s if self.fastest_s else 1.0
        used = self._busiest >= self.value / 2
        self._seconds, self._tokens, self._replies, self._busiest = 0.0, 0, 0, 0
        if slowed > _TOLERATED and self.value <= _NO_QUEUE_OF_OURS:
            self.fastest_s *= slowed  # so few don't queue up: the server itself has become slower
        gradient = min(1.0, max(0.5, _TOLERATED / slowed))
        if gradient < 1.0 or used:  # what is not used says nothing about more
            aim = self.value * gradient + sqrt(self.value)
            self.value = min(_MOST, max(1.0, self.value + _SMOOTHING * (aim - self.value)))
