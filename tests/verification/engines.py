"""Engines for verifiers' tests, which read what they are asked."""

import math
from collections.abc import Sequence

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
