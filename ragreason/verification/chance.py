"""A verifier that knows nothing: what any other has to beat."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ragreason.protocols import Aggregation, Costs, Item, Judges
from ragreason.seeds import derive
from ragreason.text.passages import mended
from ragreason.types import Hit, Question, Step, Verdict

_SEEDS = 2**31


@dataclass(frozen=True)
class Random:
    """Scores at random, uniformly in [0, 1): the control that every verifier is compared with.

    The score is drawn from `seed`, the question's id and the item's text, so a rerun repeats it,
    equal texts tie, and nothing else of the item plays a part.
    """

    judges: ClassVar[frozenset[Judges]] = frozenset({"step", "trajectory", "hits"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "mean"
    costs: ClassVar[Costs] = "nothing"

    seed: int = 0

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order."""
        return [self._verdict(question, item) for item in items]

    def _verdict(self, question: Question, item: Item) -> Verdict:
        told = (mended(text) for text in (question.id, *_texts(item)))
        return Verdict(score=derive(self.seed, *told) / _SEEDS, reason="drawn at random")


def _texts(item: Item) -> list[str]:
    if isinstance(item, Hit):
        return ["hit", item.passage.title, item.passage.text]
    steps = [item] if isinstance(item, Step) else item.steps
    return [text for s in steps for text in (s.kind, s.text, s.query, s.answer)]
