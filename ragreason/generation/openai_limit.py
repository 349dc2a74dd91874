"""How many requests a server should have at once, learned from how long it takes.

A gradient limit: the seconds a reply takes now are held against the fewest that a token took in
replies of its kind when the server had little to do. Of a kind are replies with as many prompt
tokens for each of their own, within a factor of two: a long prompt with a short reply is no slow
server. Batching makes tokens slower long before a server is full, so up to `_TOLERATED` times as
long is fine; past that requests only queue up in the server, and the limit shrinks in proportion.
It grows by its square root, the queue that keeps a server busy between two replies. Refusals,
time-outs and lost connections halve it, once for all that were on their way together.
Sources: Netflix' concurrency-limits (Gradient); Chiu & Jain 1989 for additive increase and
multiplicative decrease.
"""

from dataclasses import dataclass, field
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
    fastest_s: dict[int, float] = field(default_factory=dict)
    """The fewest seconds that a token of a reply has taken, by kind of reply."""
    _halved_at_s: float = -inf
    _seconds: float = 0.0
    _at_rest_s: float = 0.0
    _replies: int = 0
    _busiest: int = 0

    @property
    def room(self) -> int:
        """Requests at once."""
        return int(self.value)

    def told(self, seconds: float, tokens: int, in_flight: int, prompt_tokens: int = 0) -> None:
        """A reply of `tokens` to a prompt of `prompt_tokens` took `seconds`, while `in_flight`
        requests were there, itself too.
        """
        kind = (prompt_tokens // (tokens + 1)).bit_length()
        each_s = seconds / (tokens + 1)  # one for the prompt
        self.fastest_s[kind] = min(self.fastest_s.get(kind, inf), each_s)
        self._seconds += seconds
        self._at_rest_s += self.fastest_s[kind] * (tokens + 1)
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
        slowed = self._seconds / self._at_rest_s if self._at_rest_s else 1.0
        used = self._busiest >= self.value / 2
        self._seconds, self._at_rest_s, self._replies, self._busiest = 0.0, 0.0, 0, 0
        if slowed > _TOLERATED and self.value <= _NO_QUEUE_OF_OURS:
            for kind in self.fastest_s:  # so few don't queue up: the server has become slower
                self.fastest_s[kind] *= slowed
        gradient = min(1.0, max(0.5, _TOLERATED / slowed))
        if gradient < 1.0 or used:  # what is not used says nothing about more
            aim = self.value * gradient + sqrt(self.value)
            self.value = min(_MOST, max(1.0, self.value + _SMOOTHING * (aim - self.value)))
