"""Answers that documents give, put together where they agree and weighed by what supports them."""

from collections.abc import Sequence
from dataclasses import dataclass

from ragreason.text.overlap import keys
from ragreason.text.votes import vote_key
from ragreason.types import Hit

_TOGETHER = 1.0


@dataclass(frozen=True)
class Reading:
    """An answer that a document gives, and how well the document supports it, in [0, 1]."""

    text: str
    hit: Hit
    score: float


@dataclass(frozen=True)
class Side:
    """Readings that agree, the best first; `together` where all passages read at once agree too."""

    text: str
    readings: tuple[Reading, ...] = ()
    together: bool = False

    @property
    def documents(self) -> int:
        """How many documents give this answer."""
        return len({_document(reading.hit) for reading in self.readings})

    @property
    def weight(self) -> float:
        """The best score of each document, summed; at least 1 if all together read this answer."""
        best: dict[tuple[str, str], float] = {}
        for reading in self.readings:
            document = _document(reading.hit)
            best[document] = max(reading.score, best.get(document, 0.0))
        return max(sum(best.values()), _TOGETHER * self.together)


def sides(answer: str, readings: Sequence[Reading]) -> list[Side]:
    """The answers that are given, heaviest first; `answer`, read from all passages together, leads
    among equals, and is there only if it says something.

    Readings join the first side they agree with (`agree`), best scores first.
    """
    found = [Side(answer, together=True)] if vote_key(answer) else []
    for reading in sorted(readings, key=lambda reading: -reading.score):
        place = next((i for i, side in enumerate(found) if agree(side.text, reading.text)), None)
        if place is None:
            found.append(Side(reading.text, (reading,)))
        else:
            side = found[place]
            found[place] = Side(side.text, (*side.readings, reading), side.together)
    return sorted(found, key=lambda side: -side.weight)


def agree(one: str, other: str) -> bool:
    """Whether two answers are one vote, or one only says more: "1874" and "in May 1874"."""
    a, b = vote_key(one), vote_key(other)
    if a == b or {a, b} & {"yes", "no"}:
        return a == b
    return bool(keys(one) and keys(other)) and (
        keys(one) <= keys(other) or keys(other) <= keys(one)
    )


def _document(hit: Hit) -> tuple[str, str]:
    """Title too: the paragraphs of a question file are one file, but not one source."""
    return hit.passage.document or hit.passage.id, hit.passage.title
