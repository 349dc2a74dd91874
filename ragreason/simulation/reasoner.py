"""A policy of known strength that needs no engine: what it says is drawn, not generated."""

import random
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from math import isclose
from typing import ClassVar

from ragreason import ledger
from ragreason.errors import ConfigError
from ragreason.protocols import Capability, Generator
from ragreason.seeds import derive
from ragreason.simulation.theory import right_probability
from ragreason.types import Message, Question, Request, Step, Trajectory, Usage

RIGHT = "right"
"""The right answer to every simulated question."""
ON_TRACK, ASTRAY = "on track", "astray"


@dataclass(frozen=True)
class SimulatedReasoner:
    """Each trajectory is a Markov chain of `depth` steps, of which the last one answers.

    A step is on track with probability `p` after one that was (and at the start), and with
    probability `recovery` after one that was not. The answer is "right" where the last step is on
    track, else "wrong 1", "wrong 2", ..., drawn by the shares in `wrong`. Where `p` holds several
    values, each question has one of them, equally likely, told by its id: easy questions and hard
    ones.

    A step costs `step_tokens` of completion. Each request's prompt costs `prompt_tokens` plus the
    steps so far, once for its n samples; it is charged to the open meter. After an answer the next
    attempt starts afresh: it learns nothing from the last. Raises ConfigError for probabilities
    outside [0, 1], shares that don't sum to 1, and lengths below 1.
    """

    needs: ClassVar[frozenset[Capability]] = frozenset()

    p: float | tuple[float, ...] = 0.8
    depth: int = 4
    recovery: float = 0.0
    wrong: tuple[float, ...] = (0.4, 0.3, 0.2, 0.1)
    step_tokens: int = 50
    prompt_tokens: int = 0

    def __post_init__(self) -> None:
        """Check the parameters."""
        chances = [*self.levels, self.recovery, *self.wrong]
        if not self.levels or not all(0 <= chance <= 1 for chance in chances):
            raise ConfigError(f"p, recovery and wrong are probabilities, in [0, 1]; given {self}")
        if not isclose(sum(self.wrong), 1.0):
            raise ConfigError(f"the shares in wrong sum to 1; given {self.wrong}")
        if self.depth < 1 or self.step_tokens < 1 or self.prompt_tokens < 0:
            raise ConfigError(f"depth and step_tokens are at least 1; given {self}")

    @property
    def levels(self) -> tuple[float, ...]:
        """The values of `p` that questions may have, each as likely."""
        return self.p if isinstance(self.p, tuple) else (self.p,)

    def level(self, question: Question) -> float:
        """This question's `p`: the same whenever it is asked."""
        return self.levels[_draw(question.id) % len(self.levels)]

    def answers(self, question: Question) -> tuple[float, ...]:
        """How likely one trajectory is to give each answer: the right one first, then the wrong."""
        right = right_probability(self.level(question), self.depth, self.recovery)
        return (right, *((1 - right) * share for share in self.wrong))

    def render(self, question: Question, trajectory: Trajectory) -> Request:
        """The question; then the steps so far, a line each."""
        return Request(
            messages=(Message(role="user", content=question.text),),
            prefill="".join(f"{step.text}\n" for step in trajectory.steps),
            max_tokens=self.step_tokens,
            temperature=1.0,
        )

    async def propose(
        self, question: Question, trajectory: Trajectory, n: int, engine: Generator, *, seed: int
    ) -> list[Step]:
        """`n` draws of the next step. The engine is not called; this never waits."""
        del engine
        attempt = _attempt(trajectory.steps)
        chance = self.level(question)
        if attempt and not on_track(attempt[-1]):
            chance = self.recovery
        prompt = self.prompt_tokens + self.step_tokens * len(trajectory.steps)
        charge(_usage(prompt, n * self.step_tokens, 1))
        first, others = _usage(prompt, self.step_tokens, 1), _usage(0, self.step_tokens, 0)
        draw = random.Random(seed)
        last = len(attempt) == self.depth - 1
        return [self._step(draw, chance, others if i else first, last=last) for i in range(n)]

    def _step(self, draw: random.Random, chance: float, usage: Usage, *, last: bool) -> Step:
        good = draw.random() < chance
        other = bisect(self._cumulative, draw.random())
        answer = (RIGHT if good else f"wrong {other + 1}") if last else ""
        return Step(
            kind="answer" if last else "thought",
            text=f"{ON_TRACK if good else ASTRAY} {draw.getrandbits(64):016x}",
            answer=answer,
            usage=usage,
        )

    @cached_property
    def _cumulative(self) -> list[float]:
        return list(accumulate(self.wrong[:-1]))


def on_track(step: Step) -> bool:
    """Whether a simulated step is on track: for simulated verifiers, and for looking on."""
    return step.text.startswith(ON_TRACK)


def charge(usage: Usage) -> None:
    """Charge the open meter as an engine's call would be. Raises BudgetReachedError."""
    meter = ledger.current()
    if meter is not None:
        with meter.calling():
            meter.charge(usage)


def simulated_questions(count: int, *, first: int = 0) -> list[Question]:
    """Questions "sim-0", "sim-1", ... from number `first` on."""
    numbers = range(first, first + count)
    return [Question(id=f"sim-{i}", text=f"Simulated question {i}") for i in numbers]


@lru_cache(maxsize=65_536)
def _draw(question_id: str) -> int:
    return derive("level", question_id)


@lru_cache(maxsize=4096)
def _usage(prompt: int, completion: int, calls: int) -> Usage:
    return Usage(prompt_tokens=prompt, completion_tokens=completion, calls=calls)


def _attempt(steps: Sequence[Step]) -> Sequence[Step]:
    """The steps since the last answer."""
    ends = [i for i, step in enumerate(steps, start=1) if step.kind == "answer"]
    return steps[ends[-1] :] if ends else steps
