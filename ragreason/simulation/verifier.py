"""Verifiers of known discrimination, for steps and for outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isinf
from statistics import NormalDist
from typing import ClassVar, Literal

from ragreason.errors import ConfigError, VerifierError
from ragreason.protocols import Aggregation, Costs, Item, Judges
from ragreason.seeds import derive
from ragreason.simulation.reasoner import charge, on_track
from ragreason.types import Question, Step, Trajectory, Usage, Verdict

_NORMAL = NormalDist()


@dataclass(frozen=True)
class SimulatedVerifier:
    """Scores steps and finished trajectories of a `SimulatedReasoner`, right more often than not.

    The score is Phi(z), with z drawn from a normal distribution of variance 1 around d'/2 for what
    is on track and around -d'/2 for what is not: signal detection with equal variances. So its AUC
    is Phi(d' / sqrt 2); d' = 0 is useless (scores uniform on [0, 1] whatever is judged), infinity
    is perfect (1 or 0). `d_prime` holds for steps, `outcome_d_prime` for finished trajectories
    (None: the same). Each item's noise is its own, drawn from `seed`, the question and the item's
    text: the same item always gets the same score.

    A step costs `step_tokens`, a trajectory as many for each of its steps; 0 costs nothing.
    Raises ConfigError for a negative d'. Source: Green & Swets, Signal Detection Theory and
    Psychophysics, 1966.
    """

    judges: ClassVar[frozenset[Judges]] = frozenset({"step", "trajectory"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "last"
    costs: ClassVar[Costs] = "model"

    d_prime: float = 1.5
    outcome_d_prime: float | None = None
    step_tokens: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not self.d_prime >= 0 or not self._of("outcome") >= 0:
            raise ConfigError(f"d' is 0 (useless) up to infinity (perfect); given {self}")

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """A score for each step or trajectory; never waits. Raises VerifierError for others."""
        lasts = [_last(item) for item in items]
        read = sum(len(i.steps) if isinstance(i, Trajectory) else 1 for i in items)
        if items and self.step_tokens:
            charge(Usage(prompt_tokens=self.step_tokens * read, calls=1))
        return [Verdict(score=self._score(question, step, kind)) for step, kind in lasts]

    def _of(self, kind: Literal["step", "outcome"]) -> float:
        outcome = kind == "outcome" and self.outcome_d_prime is not None
        return self.outcome_d_prime or 0.0 if outcome else self.d_prime

    def _score(self, question: Question, step: Step, kind: Literal["step", "outcome"]) -> float:
        d_prime, sign = self._of(kind), 1 if on_track(step) else -1
        if isinf(d_prime):
            return float(sign > 0)
        drawn = (derive(self.seed, kind, question.id, step.text) + 0.5) / 2**31
        return _NORMAL.cdf(_NORMAL.inv_cdf(drawn) + sign * d_prime / 2)


@dataclass(frozen=True)
class SimulatedProcessVerifier(SimulatedVerifier):
    """The same, but scores steps only."""

    judges: ClassVar[frozenset[Judges]] = frozenset({"step"})


@dataclass(frozen=True)
class SimulatedOutcomeVerifier(SimulatedVerifier):
    """The same, but scores finished trajectories only."""

    judges: ClassVar[frozenset[Judges]] = frozenset({"trajectory"})


@dataclass(frozen=True)
class SimulatedBinaryVerifier:
    """Passes or fails finished trajectories: a right one is passed with probability `hit`, a wrong
    one with probability `false_alarm`. `scores` holds what a failed and a passed one get.
    """

    judges: ClassVar[frozenset[Judges]] = frozenset({"trajectory"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "last"
    costs: ClassVar[Costs] = "model"

    hit: float = 0.8
    false_alarm: float = 0.2
    scores: tuple[float, float] = (0.0, 1.0)
    seed: int = 0

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """One of the two scores for each; never waits."""
        steps = [_last(item)[0] for item in items]
        return [Verdict(score=self.scores[self._passes(question, step)]) for step in steps]

    def _passes(self, question: Question, step: Step) -> bool:
        chance = self.hit if on_track(step) else self.false_alarm
        return derive(self.seed, "binary", question.id, step.text) < chance * 2**31


def auc_of(d_prime: float) -> float:
    """The chance that a right item scores above a wrong one: Phi(d' / sqrt 2). 0 gives 0.5, 1.5
    gives 0.856, infinity 1.
    """
    return _NORMAL.cdf(d_prime / 2**0.5)


def d_prime_of(auc: float) -> float:
    """The d' of a verifier with this AUC, in [0.5, 1]; the inverse of `auc_of`.

    Raises ConfigError outside of that range.
    """
    if not 0.5 <= auc <= 1:
        raise ConfigError(f"an AUC lies in [0.5, 1]; given {auc}")
    return inf if auc == 1 else _NORMAL.inv_cdf(auc) * 2**0.5


def _last(item: Item) -> tuple[Step, Literal["step", "outcome"]]:
    if isinstance(item, Step):
        return item, "step"
    if isinstance(item, Trajectory) and item.steps:
        return item.steps[-1], "outcome"
    raise VerifierError(f"a simulated verifier scores steps and trajectories, not {item!r}")
