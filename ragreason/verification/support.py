"""Whether passages support statements: lexical coverage, near one sentence, and embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from ragreason.protocols import Embedder
from ragreason.text.overlap import Unit, negated, share, units
from ragreason.types import Passage
from ragreason.verification.evidence import Line, Source, embedded, read, similarity

SUPPORTED = 0.7
"""From here on a statement counts as supported; see `benchmarks/groundedness.py`."""
_LINES = 3
_NEARBY, _SAME_PASSAGE, _ELSEWHERE = 0.7, 0.5, 0.25
_MEANING = 0.2
_CONTRADICTED = 0.6
_HELD = 0.5


@dataclass(frozen=True)
class Support:
    """How well one statement is supported.

    `score` lies in [0, 1]. `passage` and `line` hold the sentence that supports it best, None if
    there is no passage. `missing` names the parts of the statement found nowhere near it.
    """

    statement: str
    score: float
    passage: Passage | None = None
    line: Line | None = None
    missing: tuple[str, ...] = ()

    @property
    def supported(self) -> bool:
        """Whether the score reaches `SUPPORTED`."""
        return self.score >= SUPPORTED


async def support(
    statements: Sequence[str], passages: Sequence[Passage], embedder: Embedder
) -> list[Support]:
    """One `Support` a statement, in order; without passages nothing is supported.

    Each name, number and word of the statement is looked for in a sentence and its title (counts
    1), the sentences beside it (0.7), the rest of the passage (0.5), the other passages (0.25).
    The score is the weighted mean, halved at most by the name or number that fares worst, lowered
    where the order of the parts or a negation differs, with one fifth from the cosine of the
    embeddings. Only the few sentences that cover the most are embedded.
    """
    source = read(passages)
    return await support_by(statements, source, embedder)


async def support_by(
    statements: Sequence[str], source: Source, embedder: Embedder
) -> list[Support]:
    """The same for passages that were read before."""
    wanted = [units(statement) for statement in statements]
    lines = [source.best_lines(w, _LINES) if w else [] for w in wanted]
    texts = [s for s, found in zip(statements, lines, strict=True) if found]
    vectors = await embedded(embedder, [*texts, *(f.embedded for found in lines for f in found)])
    supports = []
    for statement, parts, found in zip(statements, wanted, lines, strict=True):
        scored = [
            (
                _score(
                    statement,
                    parts,
                    line,
                    source,
                    similarity(vectors[statement], vectors[line.embedded]),
                ),
                line,
            )
            for line in found
        ]
        supports.append(_best(statement, parts, scored, source))
    return supports


def _best(
    statement: str, parts: Sequence[Unit], scored: list[tuple[float, Line]], source: Source
) -> Support:
    if not scored:
        return Support(statement, 0.0, missing=tuple(part.text for part in parts))
    score, line = max(scored, key=lambda pair: pair[0])
    missing = tuple(p.text for p in parts if _credit(p, line, source) <= _HELD)
    return Support(statement, score, source.passages[line.passage], line, missing)


def _score(
    statement: str, parts: Sequence[Unit], line: Line, source: Source, cosine: float
) -> float:
    credits_ = [_credit(part, line, source) for part in parts]
    total = sum(part.weight for part in parts)
    mean = sum(c * p.weight for c, p in zip(credits_, parts, strict=True)) / total
    strict = [c for c, p in zip(credits_, parts, strict=True) if p.kind != "word"]
    worst = min(strict, default=1.0)
    lexical = mean * (0.5 + 0.5 * worst) * (0.9 + 0.1 * _same_order(parts, line))
    if negated(statement) != negated(line.text):
        lexical *= _CONTRADICTED
    return (1 - _MEANING) * lexical + _MEANING * cosine * sqrt(lexical)


def _credit(part: Unit, line: Line, source: Source) -> float:
    places = (
        (1.0, line.keys),
        (_NEARBY, line.nearby),
        (_SAME_PASSAGE, source.passage_keys[line.passage]),
        (_ELSEWHERE, source.keys),
    )
    return max(worth * share(part, held) for worth, held in places)


def _same_order(parts: Sequence[Unit], line: Line) -> float:
    """Share of the neighbouring parts that follow each other in the line as in the statement."""
    place: dict[str, int] = {}
    for at, unit in enumerate(units(line.text)):
        for key in unit.keys:
            place.setdefault(key, at)
    pairs = [
        (place[a.keys[0]], place[b.keys[0]])
        for a, b in pairwise(parts)
        if a.keys[0] in place and b.keys[0] in place
    ]
    return sum(a <= b for a, b in pairs) / len(pairs) if pairs else 1.0
