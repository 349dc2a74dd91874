"""Answers with numbered citations, each an exact span of a document."""

import re
from collections.abc import Iterable, Sequence

from ragreason.protocols import Embedder
from ragreason.text.overlap import Unit, keys, parts, share, units
from ragreason.text.sentences import Span, sentences
from ragreason.text.tokens import count_tokens
from ragreason.types import Citation, Hit
from ragreason.verification.answered import answered, is_verdict
from ragreason.verification.evidence import Line, Source, read
from ragreason.verification.support import SUPPORTED, support_by

MAX_CITATIONS = 3
SHORT_TOKENS = 14
"""Up to this many tokens an answer without a full stop is looked for rather than compared."""
_HOLDS = 0.2
_GAIN = 0.18
_LINKED = 1.5
_MARKS = re.compile(r"\s*\[\d+(?:\s*[,，]\s*\d+)*\]")
_FINAL = re.compile(r"[.!?。！？…]+[\"'”’」』）)]*$")


async def cite(
    question: str, answer: str, hits: Sequence[Hit], embedder: Embedder
) -> tuple[str, tuple[Citation, ...]]:
    """The answer with `[n]` marks, and what they stand for: n counts from 1 in order of use.

    A short answer cites the sentence that answers best, then, at most three in all, sentences of
    other passages that cover most of what the question asks and is not yet covered: the bridges of
    a multi-hop question. A longer one cites, sentence by sentence, the sentence that supports it.
    Marks that `answer` had are dropped. What nothing supports gets no citation. "Paris" may give
    ("Paris [1][2]", ...), "A b. C d." may give "A b [1]. C d [2].".
    """
    text = unmarked(answer)
    source = read(hit.passage for hit in hits)
    if not text or not source.lines:
        return text, ()
    if is_short(text):
        lines = await supporting_lines(question, text, source, embedder)
        marks = "".join(f"[{number}]" for number in range(1, len(lines) + 1))
        return (f"{text} {marks}" if marks else text), _citations(lines, source)
    return await _cite_sentences(text, source, embedder)


def unmarked(text: str) -> str:
    """The text without `[n]` marks, trimmed."""
    return _MARKS.sub("", text).strip()


def is_short(text: str) -> bool:
    """Whether the text is a short answer, no statement: "J. R. Smith Jr.", but not "He ran home to
    Paris.".
    """
    stopped = _FINAL.search(text) is not None and len(parts(text)) > 2
    return count_tokens(text) <= SHORT_TOKENS and not stopped


async def supporting_lines(
    question: str, answer: str, source: Source, embedder: Embedder
) -> list[Line]:
    """The sentence that gives a short answer, then its bridges, each from another passage.

    Empty where nothing holds the answer.
    """
    asked = units(question)
    (found,) = await answered(question, [answer], source, embedder)
    if found.line is None or found.score < _HOLDS:
        return []
    first = source.together(asked, 1)[:1] if is_verdict(answer) else [found.line]
    return bridged(asked, answer, first, source)


def bridged(
    asked: Sequence[Unit], answer: str, first: Iterable[Line], source: Source
) -> list[Line]:
    """`first`, then greedily the lines that add most of the question, up to `MAX_CITATIONS`.

    A gain is the share of the question's parts, weighted by rarity; below 0.18 it ends. Lines whose
    passage names a chosen one's title, or is named by it, count one and a half times.
    """
    chosen = list(first)
    said = keys(answer)
    rest = [unit for unit in asked if share(unit, said) < 1.0]
    while len(chosen) < MAX_CITATIONS:
        held = frozenset[str]().union(*(line.keys for line in chosen))
        used = {line.passage for line in chosen}
        free = [line for line in source.lines if line.passage not in used]
        gains = [_gain(rest, line, held, chosen, source) for line in free]
        if not gains or max(gains) < _GAIN:
            break
        chosen.append(free[gains.index(max(gains))])
    return chosen


def _gain(
    rest: Sequence[Unit],
    line: Line,
    held: frozenset[str],
    chosen: Sequence[Line],
    source: Source,
) -> float:
    gain = source.rare_coverage(rest, held | line.keys) - source.rare_coverage(rest, held)
    return gain * (_LINKED if any(_linked(line, other, source) for other in chosen) else 1.0)


def _linked(one: Line, other: Line, source: Source) -> bool:
    """Whether one's passage names the other's title."""
    return any(
        source.names(source.passage_keys[a.passage], b.passage)
        for a, b in ((one, other), (other, one))
    )


async def _cite_sentences(
    text: str, source: Source, embedder: Embedder
) -> tuple[str, tuple[Citation, ...]]:
    spans = sentences(text)
    found = await support_by([text[s.start : s.end] for s in spans], source, embedder)
    lines: list[Line] = []
    cited = text
    marks: list[tuple[Span, int]] = []
    for span, support in zip(spans, found, strict=True):
        if support.line is not None and support.score >= SUPPORTED:
            if support.line not in lines:
                lines.append(support.line)
            marks.append((span, lines.index(support.line) + 1))
    for span, number in reversed(marks):
        sentence = text[span.start : span.end]
        final = _FINAL.search(sentence)
        at = span.start + (final.start() if final else len(sentence))
        cited = f"{cited[:at]} [{number}]{cited[at:]}"
    return cited, _citations(lines, source)


def _citations(lines: Sequence[Line], source: Source) -> tuple[Citation, ...]:
    return tuple(
        Citation(
            number=number,
            passage_id=passage.id,
            title=passage.title,
            document=passage.document,
            page=passage.page,
            start=passage.start + line.start,
            end=passage.start + line.end,
            quote=line.text,
        )
        for number, line in enumerate(lines, start=1)
        if (passage := source.passages[line.passage])
    )
