"""An engine whose thinking is worth a known amount: what it says is drawn, not generated."""

import random
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from statistics import NormalDist
from typing import ClassVar

from ragreason.errors import CapabilityError, ConfigError
from ragreason.protocols import Capability, Chunk
from ragreason.seeds import derive
from ragreason.simulation.reasoner import RIGHT
from ragreason.types import Completion, Message, Question, Request, Usage

_NORMAL = NormalDist()
_THOUGHT = "thought"
_THOUGHTS = re.compile(rf"{_THOUGHT} \d+\n\n")
WRONG = "wrong"


@dataclass(frozen=True)
class SimulatedThinker:
    """Thinks in thoughts of `thought_tokens` tokens; after some of them its answer converges.

    A question that has not converged does so with each thought with probability `rate`; where
    `rate` holds several values, each question has one of them, equally likely, told by its id. The
    answer is right with probability `early` before and `late` after, drawn afresh after each
    thought before, and once and for all after. Once converged, each further thought is the last
    one with probability `ends`; at 0 it thinks on until it is stopped.

    Asked for log-probabilities it tells how sure it is: the answer's only token has the
    probability Phi(z), z drawn from a normal distribution of variance 1 around d'/2 after
    convergence and around -d'/2 before, afresh after each thought. Prompts are read from the prefix
    cache, but for what is new in them. It streams a thought a chunk and never waits. Raises
    ConfigError for probabilities outside [0, 1] and a negative d'.
    """

    name: ClassVar[str] = "simulated-thinker"
    context: ClassVar[int] = 1_000_000
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {"prefill", "logprobs", "stream", "seed", "cached", "think_tags"}
    )

    rate: float | tuple[float, ...] = (0.1, 0.25, 0.5)
    early: float = 0.3
    late: float = 0.9
    ends: float = 0.0
    d_prime: float = 2.0
    thought_tokens: int = 20
    prompt_tokens: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the parameters."""
        chances = [*self.rates, self.early, self.late, self.ends]
        if not self.rates or not all(0 <= chance <= 1 for chance in chances):
            raise ConfigError(f"rate, early, late and ends are probabilities; given {self}")
        if not self.d_prime >= 0 or self.thought_tokens < 1:
            raise ConfigError(f"d' is at least 0 and a thought has a token; given {self}")

    @property
    def rates(self) -> tuple[float, ...]:
        """The rates that questions may have, each as likely."""
        return self.rate if isinstance(self.rate, tuple) else (self.rate,)

    def request(self, question: Question) -> Request:
        """What to ask: thinking wraps it as it does any request."""
        return Request(messages=(Message(role="user", content=question.id),), max_tokens=1)

    def converges(self, question_id: str) -> int:
        """After how many thoughts the answer converges, from 1 on."""
        draw = random.Random(derive(self.seed, "converges", question_id))
        rate = self.rates[derive("rate", question_id) % len(self.rates)]
        thoughts = 1
        while rate and draw.random() >= rate:
            thoughts += 1
        return thoughts if rate else 1 << 30

    def stops(self, question_id: str) -> int | None:
        """After how many thoughts it stops by itself; None where it never does."""
        if not self.ends:
            return None
        draw = random.Random(derive(self.seed, "stops", question_id))
        thoughts = self.converges(question_id)
        while draw.random() >= self.ends:
            thoughts += 1
        return thoughts

    def answer(self, question_id: str, thoughts: int) -> str:
        """What it answers after so many thoughts."""
        settled = thoughts >= self.converges(question_id)
        draw = _drawn(self.seed, "answer", question_id, None if settled else thoughts)
        return RIGHT if draw < (self.late if settled else self.early) else WRONG

    def sureness(self, question_id: str, thoughts: int) -> float:
        """The probability of that answer, as it tells it."""
        settled = thoughts >= self.converges(question_id)
        z = _NORMAL.inv_cdf(_drawn(self.seed, "sure", question_id, thoughts))
        return _NORMAL.cdf(z + (self.d_prime if settled else -self.d_prime) / 2)

    async def generate(self, request: Request) -> list[Completion]:
        """The answer after the thoughts in the prefill, or more thoughts up to `max_tokens`."""
        return [self._completion(request)] * request.n

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """A chunk a thought; an answer comes at once, with the completion."""
        completion = self._completion(request)
        for thought in _THOUGHTS.findall(completion.text):
            yield Chunk(thought)
        yield Chunk("", completion)

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        """Not offered."""
        del request, continuations
        raise CapabilityError(f"{self.name} can't score given texts")

    async def count_tokens(self, request: Request) -> int:
        """The prompt and the thoughts."""
        return self.prompt_tokens + self.thought_tokens * request.prefill.count(_THOUGHT)

    async def aclose(self) -> None:
        """Nothing to free."""

    def _completion(self, request: Request) -> Completion:
        asked, thoughts = request.messages[-1].content, request.prefill.count(_THOUGHT)
        if not request.stop:  # thinking is over
            known = (log(self.sureness(asked, thoughts)),) if request.logprobs else None
            text = self.answer(asked, thoughts)
            return Completion(text=text, logprobs=known, usage=self._usage(request, 1, 1))
        room = request.max_tokens // self.thought_tokens
        stop = self.stops(asked)
        count = room if stop is None else max(0, min(room, stop - thoughts))
        text = "".join(f"{_THOUGHT} {thoughts + i + 1}\n\n" for i in range(count))
        usage = self._usage(request, count * self.thought_tokens, 0)
        return Completion(
            text=text, finish_reason="length" if count == room else "stop", usage=usage
        )

    def _usage(self, request: Request, completion: int, new: int) -> Usage:
        """`new` tokens of the prompt are in no cache; the prompt itself is at the first thought."""
        prompt = self.prompt_tokens + self.thought_tokens * request.prefill.count(_THOUGHT)
        return Usage(
            prompt_tokens=prompt,
            cached_tokens=prompt - new if _THOUGHT in request.prefill else 0,
            completion_tokens=completion,
            calls=1,
        )


@lru_cache(maxsize=262_144)
def _drawn(*place: object) -> float:
    """A number in (0, 1) that belongs to the place."""
    return (derive(*place) + 0.5) / 2**31


def capped_accuracy(thinker: SimulatedThinker, cap: int) -> float:
    """How likely the answer after `cap` thoughts is right, or after those it takes to stop.

    early + (late - early) (1 - (1 - rate)^cap), averaged over the rates. (rate 0.5, early 0, late
    1, cap 2) gives 0.75.
    """
    gained = [1 - (1 - rate) ** cap for rate in thinker.rates]
    shares = [thinker.early + (thinker.late - thinker.early) * share for share in gained]
    return sum(shares) / len(shares)


def exit_accuracy(thinker: SimulatedThinker, cap: int, threshold: float) -> float:
    """The same where thinking ends as soon as a probe is surer than `threshold`, after `cap`
    thoughts at the latest; the last one is probed too.

    Only leaving before convergence costs accuracy: with probability f = 1 - Phi(z(threshold) +
    d'/2) at each thought before it.
    """
    z = _NORMAL.inv_cdf(threshold)
    false_alarm = 1 - _NORMAL.cdf(z + thinker.d_prime / 2)
    found = []
    for rate in thinker.rates:
        before, settled = 1.0, 0.0
        left = 0.0
        for _ in range(cap):
            settled += before * rate
            before *= 1 - rate
            left += before * false_alarm
            before *= 1 - false_alarm
        found.append(thinker.late * settled + thinker.early * (left + before))
    return sum(found) / len(found)
