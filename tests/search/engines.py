"""A reasoner that thinks a while and then answers, and a verifier that knows good from bad."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ragreason.generation.scripted import Scripted
from ragreason.protocols import Aggregation, Costs, Item, Judges
from ragreason.types import Question, Request, Step, Verdict


def thinker(words: Sequence[str], depth: int = 2) -> Scripted:
    """Answers with one of the words after `depth` - 1 searches for them."""

    def reply(request: Request) -> Sequence[str]:
        done = request.prefill.count("Search:")
        if done + 1 >= depth:
            return [f" so it is {word}\nAnswer: {word}" for word in words]
        return [f" {word} {done}\nSearch: {word} {done}" for word in words]

    return Scripted(default=reply)


@dataclass(frozen=True)
class StepScores:
    """0.9 for a step that says "good", 0.1 for others; outcomes the same."""

    judges: ClassVar[frozenset[Judges]] = frozenset({"step"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "mean"
    costs: ClassVar[Costs] = "nothing"

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """By the words."""
        del question
        return [Verdict(score=0.9 if _good(item) else 0.1) for item in items]


def _good(item: Item) -> bool:
    return isinstance(item, Step) and "good" in item.text
