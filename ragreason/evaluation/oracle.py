"""A verifier that knows the gold answers: the most that any verifier could give a strategy.

It measures, and is never part of a method: no registry names it, graph files can't load it, and
nothing on the answering side can import this package.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from ragreason.datasets import Gold
from ragreason.errors import VerifierError
from ragreason.evaluation.answers import rule_for, score_answer
from ragreason.protocols import Aggregation, Costs, Item, Judges
from ragreason.types import Question, Trajectory, Verdict


@dataclass(frozen=True)
class Oracle:
    """Scores a trajectory's answer by the dataset's own metric against gold, in [0, 1].

    `golds` maps question ids to what is right, `dataset` chooses the rule (`answers.rule_for`).
    No answer scores 0. Raises VerifierError for a question without gold.
    """

    judges: ClassVar[frozenset[Judges]] = frozenset({"trajectory"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "last"
    costs: ClassVar[Costs] = "nothing"

    golds: Mapping[str, Gold]
    dataset: str
    measure: Literal["em", "f1"] = "em"

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order."""
        if question.id not in self.golds:
            raise VerifierError(
                f"the oracle has no gold for question '{question.id}', only for "
                f"{len(self.golds)} others"
            )
        answers = self.golds[question.id].answers
        return [self._verdict(item, answers) for item in items]

    def _verdict(self, item: Item, answers: Sequence[str]) -> Verdict:
        if not isinstance(item, Trajectory):
            raise VerifierError("the oracle judges trajectories: only their answers have gold")
        if not item.answer:
            return Verdict(score=0.0, label="none", reason="there is no answer")
        found = score_answer(item.answer, answers, rule_for(self.dataset, answers))
        return Verdict(score=getattr(found, self.measure), reason=f"{self.measure} against gold")
