"""Accuracy and cost of a strategy over many simulated questions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ragreason.protocols import Policy, Strategy, Verifier
from ragreason.simulation.drive import simulate
from ragreason.simulation.reasoner import RIGHT
from ragreason.types import Budget, Question


@dataclass(frozen=True)
class Measured:
    """What a strategy did on each question, in order: all arrays are (questions,).

    `unanswered`: the search was over before any trajectory reached an answer.
    """

    right: npt.NDArray[np.bool_]
    tokens: npt.NDArray[np.int64]
    verifier_tokens: npt.NDArray[np.int64]
    waves: npt.NDArray[np.int64]
    unanswered: npt.NDArray[np.bool_]

    @property
    def accuracy(self) -> float:
        """Share of questions answered right."""
        return float(self.right.mean())

    @property
    def standard_error(self) -> float:
        """Of the accuracy: sqrt(a (1 - a) / questions)."""
        return float(np.sqrt(self.accuracy * (1 - self.accuracy) / len(self.right)))


def measure(
    questions: Sequence[Question],
    *,
    policy: Policy,
    strategy: Strategy,
    verifier: Verifier | None = None,
    seed: int = 0,
    budget: Budget | None = None,
) -> Measured:
    """`simulate` on each question; right where the best answer is `RIGHT`.

    `tokens` holds all tokens, those of the verifier included.
    """
    done = [
        simulate(q, policy=policy, strategy=strategy, verifier=verifier, seed=seed, budget=budget)
        for q in questions
    ]
    return Measured(
        right=np.array([one.answer == RIGHT for one in done], dtype=np.bool_),
        tokens=np.array([one.usage.tokens for one in done], dtype=np.int64),
        verifier_tokens=np.array([one.usage.verifier_tokens for one in done], dtype=np.int64),
        waves=np.array([one.waves for one in done], dtype=np.int64),
        unanswered=np.array([not one.best for one in done], dtype=np.bool_),
    )
