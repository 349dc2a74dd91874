"""A finite tree that is known in full, and the verifier that tells what its steps are worth."""

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import ClassVar

from ragreason.errors import ConfigError, VerifierError
from ragreason.protocols import Aggregation, Capability, Costs, Generator, Item, Judges
from ragreason.seeds import derive
from ragreason.simulation.reasoner import charge
from ragreason.types import Message, Question, Request, Step, Trajectory, Usage, Verdict

_WORTH = " is worth "


@dataclass(frozen=True)
class KnownTree:
    """A policy over a tree of `branching` steps at each place and `depth` steps to each leaf.

    Each step is worth a number in [0, 1], drawn by `seed`, question and place; a leaf is worth the
    mean of the steps that lead to it. Places are written "0.2.1": the third of the first's
    children, and of those the second. `n` proposals are different ones, in random order, until all
    were given; then they repeat. Every leaf answers with its own place. Raises ConfigError for
    sizes below 1.
    """

    needs: ClassVar[frozenset[Capability]] = frozenset()

    branching: int = 3
    depth: int = 3
    step_tokens: int = 50
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the parameters."""
        if min(self.branching, self.depth, self.step_tokens) < 1:
            raise ConfigError(f"branching, depth and step_tokens are at least 1; given {self}")

    def leaves(self, question: Question) -> Mapping[str, float]:
        """Every leaf's place to what it is worth: branching ** depth of them."""
        found = {}
        for steps in itertools.product(range(self.branching), repeat=self.depth):
            places = [_place(steps[:end]) for end in range(1, self.depth + 1)]
            found[places[-1]] = mean_worth([self._worth(question, place) for place in places])
        return found

    def best(self, question: Question) -> str:
        """The place of the leaf that is worth most; the first of equals."""
        leaves = self.leaves(question)
        return max(leaves, key=leaves.__getitem__)

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
        """`n` of the steps that follow. The engine is not called; this never waits."""
        del engine
        prompt = self.step_tokens * len(trajectory.steps)
        charge(Usage(prompt_tokens=prompt, completion_tokens=n * self.step_tokens, calls=1))
        parent = trajectory.steps[-1].text.partition(_WORTH)[0] if trajectory.steps else ""
        order = random.Random(seed).sample(range(self.branching), self.branching)
        last = len(trajectory.steps) == self.depth - 1
        chosen = itertools.islice(itertools.cycle(order), n)
        return [self._step(question, f"{parent}.{i}".lstrip("."), last=last) for i in chosen]

    def _step(self, question: Question, place: str, *, last: bool) -> Step:
        return Step(
            kind="answer" if last else "thought",
            text=f"{place}{_WORTH}{self._worth(question, place)!r}",
            answer=place if last else "",
            usage=Usage(completion_tokens=self.step_tokens),
        )

    def _worth(self, question: Question, place: str) -> float:
        return derive("worth", self.seed, question.id, place) / 2**31


@dataclass(frozen=True)
class KnownTreeVerifier:
    """Tells what each step of a `KnownTree` is worth, and each leaf: the mean of its steps."""

    judges: ClassVar[frozenset[Judges]] = frozenset({"step", "trajectory"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "mean"
    costs: ClassVar[Costs] = "nothing"

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """The worth of each; never waits. Raises VerifierError for steps of another policy."""
        del question
        return [Verdict(score=mean_worth([worth(step) for step in _steps(i)])) for i in items]


def worth(step: Step) -> float:
    """What a step of a `KnownTree` is worth. Raises VerifierError for another policy's."""
    _, mark, number = step.text.partition(_WORTH)
    if not mark:
        raise VerifierError(f"only steps of a KnownTree have a known worth, not {step.text!r}")
    return float(number)


def mean_worth(steps: Sequence[float]) -> float:
    """A leaf's worth from its steps'."""
    return fsum(steps) / len(steps)


def _place(steps: Sequence[int]) -> str:
    return ".".join(map(str, steps))


def _steps(item: Item) -> Sequence[Step]:
    if isinstance(item, Trajectory) and item.steps:
        return item.steps
    if isinstance(item, Step):
        return [item]
    raise VerifierError(f"steps and trajectories have a known worth, not {item!r}")
