"""Engines for verifiers' tests, which read what they are asked."""

import math
from collections.abc import Sequence
from itertools import pairwise

from ragreason.generation.scripted import Scripted
from ragreason.types import Request


class Opinionated(Scripted):
    """Finds answers (in quotes or as continuations) likely as `beliefs` says, else 1 %.

    "Yes" gets the belief's probability, "No" the rest; an answer of n words gets the belief for
    each word.
    """

    def __init__(self, beliefs: dict[str, float], **options: object) -> None:
        super().__init__(default="Unknown", **options)  # type: ignore[arg-type]
        self.beliefs = beliefs
        self.scored: list[tuple[Request, tuple[str, ...]]] = []

    def belief(self, text: str) -> float:
        found = [p for answer, p in self.beliefs.items() if answer in text]
        return found[-1] if found else 0.01

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        await super().score(request, continuations)
        self.scored.append((request, tuple(continuations)))
        return [self._logprob(request, text) for text in continuations]

    def _logprob(self, request: Request, text: str) -> float:
        asked = request.messages[-1].content.splitlines()[-1]
        if text in ("Yes", "是"):
            return math.log(self.belief(asked))
        if text in ("No", "不是"):
            return math.log(1.0 - self.belief(asked))
        return len(text.split()) * math.log(self.belief(text))


class Reader(Scripted):
    """Finds likely what shares its pairs of characters with the passages; answers as scripted."""

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        await super().score(request, continuations)
        content = request.messages[-1].content
        passages, _, last = content.rpartition("\n")
        yes = shared(last, passages)
        belief = {"Yes": yes, "是": yes, "No": 1 - yes, "不是": 1 - yes}
        return [
            math.log(belief[text])
            if text in belief
            else len(text.split()) * math.log(shared(text, content))
            for text in continuations
        ]


def shared(text: str, other: str) -> float:
    """Between 0.05 and 0.95."""
    pairs = {a + b for a, b in pairwise(text.lower())}
    held = {a + b for a, b in pairwise(other.lower())}
    return 0.05 + 0.9 * len(pairs & held) / max(1, len(pairs))
