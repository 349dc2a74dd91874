"""Passages cut into sentences, ready to be compared with statements and questions."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log

from ragreason.protocols import Embedder, EmbedKind, Floats
from ragreason.text.overlap import Unit, coverage, keys, share, units
from ragreason.text.sentences import sentences
from ragreason.types import Passage


@dataclass(frozen=True)
class Line:
    """One sentence of a passage. `start` and `end` are offsets in the passage's text.

    `keys` are those of the sentence and of the passage's title, which names what "he" or "it" is;
    `nearby` adds the sentences before and after it.
    """

    passage: int
    start: int
    end: int
    text: str
    title: str
    keys: frozenset[str]
    nearby: frozenset[str]

    @property
    def embedded(self) -> str:
        """The text that stands for this sentence where it is embedded."""
        return f"{self.title}: {self.text}" if self.title else self.text


@dataclass(frozen=True)
class Source:
    """Passages and their sentences, in order."""

    passages: tuple[Passage, ...]
    lines: tuple[Line, ...]
    passage_keys: tuple[frozenset[str], ...]
    keys: frozenset[str]
    counts: Counter[str]

    def rarity(self, unit: Unit) -> float:
        """The unit's weight, times ln((lines + 1) / (1 + lines that hold its commonest key))."""
        common = max((self.counts[key] for key in unit.keys), default=0)
        return unit.weight * log((len(self.lines) + 1) / (1 + min(common, len(self.lines) - 0.5)))

    def rare_coverage(self, wanted: Sequence[Unit], held: frozenset[str]) -> float:
        """`coverage` in which rare units count more: telling lines of one topic apart."""
        weights = [self.rarity(unit) for unit in wanted]
        total = sum(weights)
        covered = sum(w * share(unit, held) for w, unit in zip(weights, wanted, strict=True))
        return covered / total if total else 1.0

    def best_lines(
        self, wanted: Sequence[Unit], limit: int, passage: int | None = None
    ) -> list[Line]:
        """The lines (of one passage) that cover the most of `wanted`, best first; ties in order."""
        lines = [x for x in self.lines if passage is None or x.passage == passage]
        return sorted(lines, key=lambda line: -coverage(wanted, line.keys))[:limit]

    def names(self, held: frozenset[str], passage: int) -> bool:
        """Whether `held` has the passage's whole title; a bracket after it does not count."""
        title = units(self.passages[passage].title.partition(" (")[0])
        return bool(title) and coverage(title, held) == 1.0

    def naming(self, passage: int) -> list[Line]:
        """The lines of other passages that name this one's title: where a chain comes from."""
        return [x for x in self.lines if x.passage != passage and self.names(x.keys, passage)]

    def together(self, wanted: Sequence[Unit], limit: int) -> list[Line]:
        """At most `limit` lines that cover the most of `wanted` together, chosen greedily.

        Each adds something; ties go to the earlier line.
        """
        chosen: list[Line] = []
        held: frozenset[str] = frozenset()
        while len(chosen) < limit and self.lines:
            before = coverage(wanted, held)
            best = max(self.lines, key=lambda line: coverage(wanted, held | line.keys))
            if coverage(wanted, held | best.keys) <= before:
                break
            chosen.append(best)
            held |= best.keys
        return chosen


def read(passages: Iterable[Passage]) -> Source:
    """Cut passages into sentences; a passage given twice counts once."""
    distinct = tuple({passage.id: passage for passage in passages}.values())
    lines = [line for i, passage in enumerate(distinct) for line in _lines(i, passage)]
    held = tuple(keys(p.title) | keys(p.text) for p in distinct)
    counts = Counter(key for line in lines for key in line.keys)
    return Source(distinct, tuple(lines), held, frozenset[str]().union(*held), counts)


def _lines(number: int, passage: Passage) -> list[Line]:
    spans = [(s.start, s.end) for s in sentences(passage.text)]
    texts = [passage.text[start:end] for start, end in spans]
    own = [keys(text) for text in texts]
    title = keys(passage.title)
    lines = []
    for i, ((start, end), text) in enumerate(zip(spans, texts, strict=True)):
        nearby = title.union(*own[max(0, i - 1) : i + 2])
        lines.append(Line(number, start, end, text, passage.title, title | own[i], nearby))
    return lines


def holds(unit: Unit, held: frozenset[str]) -> bool:
    """Whether a unit is wholly in `held`."""
    return share(unit, held) == 1.0


async def embedded(
    embedder: Embedder, texts: Iterable[str], kind: EmbedKind = "passage"
) -> dict[str, Floats]:
    """Each distinct text's vector, from one call; nothing is embedded for no texts."""
    distinct = list(dict.fromkeys(texts))
    if not distinct:
        return {}
    vectors = await embedder.embed(distinct, kind)
    return dict(zip(distinct, vectors, strict=True))


def similarity(one: Floats, other: Floats) -> float:
    """Cosine of two unit vectors, cut to [0, 1]."""
    return min(1.0, max(0.0, float(one @ other)))
