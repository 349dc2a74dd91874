"""Whether passages support statements: lexical coverage, near one sentence, and embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from ragreason.protocols import Embedder
from ragreason.text.overlap import Unit, coverage, keys, negated, share, units
from ragreason.types import Passage
from ragreason.verification.evidence import Line, Source, embedded, read, similarity

SUPPORTED = 0.7
"""From here on a statement counts as supported; see `benchmarks/groundedness.py`."""
_LINES = 3
_CHAINED, _NEARBY, _SAME_PASSAGE, _ELSEWHERE = 0.8, 0.7, 0.5, 0.25
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
    1), the sentences beside it (0.7), the rest of the passage (0.5), the other passages (0.25); and
    (0.8) in a sentence of another passage that names this one's title, if the statement does too.
    The score is the weighted mean, halved at most by the name or number that fares worst, lowered
    where the order of the parts or a negation differs, with one fifth from the cosine of the
    embeddings. Only the few sentences that cover the most are embedded.
    """
    return await support_by(statements, read(passages), embedder)


async def support_by(
    statements: Sequence[str], source: Source, embedder: Embedder
) -> list[Support]:
    """The same for passages that were read before."""
    wanted = {statement: units(statement) for statement in statements}
    lines = {s: source.best_lines(w, _LINES) if w else [] for s, w in wanted.items()}
    texts = [statement for statement, found in lines.items() if found]
    vectors = await embedded(
        embedder, [*texts, *(line.embedded for found in lines.values() for line in found)]
    )
    best = {}
    for statement, found in lines.items():
        scored = []
        for line in found:
            cosine = similarity(vectors[statement], vectors[line.embedded])
            lexical = _lexical(statement, line, source)
            scored.append(((1 - _MEANING) * lexical + _MEANING * cosine * sqrt(lexical), line))
        best[statement] = _best(statement, scored, source)
    return [best[statement] for statement in statements]


def lexical_support(statement: str, source: Source) -> float:
    """The best sentence's score without embeddings, in [0, 1]."""
    lines = source.best_lines(units(statement), _LINES)
    return max((_lexical(statement, line, source) for line in lines), default=0.0)


def _best(statement: str, scored: Sequence[tuple[float, Line]], source: Source) -> Support:
    wanted = units(statement)
    if not scored:
        return Support(statement, 0.0, missing=tuple(part.text for part in wanted))
    score, line = max(scored, key=lambda pair: pair[0])
    chain = _chain(statement, line, source)
    missing = tuple(p.text for p in wanted if _credit(p, line, chain, source) <= _HELD)
    return Support(statement, score, source.passages[line.passage], line, missing)


def _lexical(statement: str, line: Line, source: Source) -> float:
    wanted = units(statement)
    if not wanted:
        return 0.0
    chain = _chain(statement, line, source)
    worths = [_credit(part, line, chain, source) for part in wanted]
    total = sum(part.weight for part in wanted)
    mean = sum(w * p.weight for w, p in zip(worths, wanted, strict=True)) / total
    strict = [w for w, p in zip(worths, wanted, strict=True) if p.kind != "word"]
    score = mean * (0.5 + 0.5 * min(strict, default=1.0))
    score *= 0.9 + 0.1 * _same_order(wanted, line)
    return score * (_CONTRADICTED if negated(statement) != negated(line.text) else 1.0)


def _chain(statement: str, line: Line, source: Source) -> frozenset[str]:
    """What the other passage's sentence says that adds most, if it and the statement name this
    passage's title.
    """
    if not source.names(keys(statement), line.passage):
        return frozenset()
    wanted = units(statement)
    held = [line.keys | other.keys for other in source.naming(line.passage)]
    return max(held, key=lambda both: coverage(wanted, both), default=frozenset())


def _credit(part: Unit, line: Line, chain: frozenset[str], source: Source) -> float:
    places = (
        (1.0, line.keys),
        (_CHAINED, chain),
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
