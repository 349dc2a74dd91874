"""Whether passages hold a short answer to a question: "1969" is no statement, so it is looked for
in sentences that speak of what the question asks.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ragreason.protocols import Embedder, Floats
from ragreason.text.answers import canonical_answer
from ragreason.text.overlap import Unit, coverage, keys, parts, share, units
from ragreason.types import Passage
from ragreason.verification.evidence import Line, Source, embedded, similarity

ANSWERED = 0.4
"""From here on an answer counts as supported; see `benchmarks/groundedness.py`."""
_LINES = 3
_PRESENT = 0.75
_ABSENT = 0.2
_ECHO = 0.5
_BRIDGED, _MEANING = 0.6, 0.4
_VERDICTS = frozenset({"yes", "no", "true", "false", "是", "否", "不是", "对", "不对", "是的"})
_CHOICE = re.compile(r"\bor\b|\bboth\b|\bwhich\b.*\band\b|还是|哪[一]?个", re.IGNORECASE)


@dataclass(frozen=True)
class Answered:
    """How well one answer is supported.

    `score` lies in [0, 1]. `passage` and `line` hold the sentence that answers best, None where no
    sentence holds the answer.
    """

    answer: str
    score: float
    passage: Passage | None = None
    line: Line | None = None

    @property
    def supported(self) -> bool:
        """Whether the score reaches `ANSWERED`."""
        return self.score >= ANSWERED


async def answered(
    question: str, answers: Sequence[str], source: Source, embedder: Embedder
) -> list[Answered]:
    """One `Answered` an answer, in order.

    Score of a sentence that holds the answer: 0.6 times the share of the question's other parts
    that it covers, rare ones counting more, together with the one sentence of another passage that
    names this one's title (the hop before it) and helps most; 0.4 times its cosine with question
    and answer. An answer that merely repeats the question, where that offers no choice, keeps half.
    An answer that no sentence holds gets at most 0.2, by how much of it occurs. "Yes" and "no"
    can't be looked for: they get how much of the question the passages cover, times the cosine of
    the closest sentence, so they tie.
    """
    asked = units(question)
    lines = [holding(asked, answer, source)[:_LINES] for answer in answers]
    found = [line.embedded for candidates in lines for line, _ in candidates]
    asks = [_asks(question, answer) for answer in answers] if found else []
    meanings = await embedded(embedder, asks, "query")
    vectors = await embedded(embedder, found)
    return [
        _answered(question, answer, candidates, source, meanings, vectors)
        for answer, candidates in zip(answers, lines, strict=True)
    ]


def is_verdict(answer: str) -> bool:
    """Whether the answer is a bare yes or no."""
    return canonical_answer(answer) in _VERDICTS


def echoes(question: str, answer: str) -> bool:
    """Whether an answer only repeats the question, which does not offer it as a choice."""
    found = parts(answer)
    return bool(found) and coverage(found, keys(question)) == 1.0 and not _CHOICE.search(question)


def _asks(question: str, answer: str) -> str:
    return question if is_verdict(answer) else f"{question} {answer}"


def holding(asked: Sequence[Unit], answer: str, source: Source) -> list[tuple[Line, float]]:
    """The lines that hold the answer, each with the share of the question that it covers together
    with the line before it in a chain; best first. For "yes" and "no" the lines closest to the
    question, with what the whole source covers.
    """
    if is_verdict(answer):
        whole = coverage(asked, source.keys)
        return [(line, whole) for line in source.best_lines(asked, _LINES)]
    wanted = parts(answer)
    rest = _rest(asked, answer)
    before: dict[int, list[Line]] = {}
    found = []
    for line in source.lines:
        if wanted and coverage(wanted, line.keys) >= _PRESENT:
            if line.passage not in before:
                before[line.passage] = source.naming(line.passage)
            found.append((line, _bridged(rest, line, before[line.passage], source)))
    return sorted(found, key=lambda pair: -pair[1])


def _bridged(rest: Sequence[Unit], line: Line, before: Sequence[Line], source: Source) -> float:
    alone = source.rare_coverage(rest, line.keys)
    return max([alone, *(source.rare_coverage(rest, line.keys | other.keys) for other in before)])


def _rest(asked: Sequence[Unit], answer: str) -> list[Unit]:
    held = keys(answer)
    return [unit for unit in asked if share(unit, held) < 1.0]


def _answered(
    question: str,
    answer: str,
    candidates: Sequence[tuple[Line, float]],
    source: Source,
    meanings: dict[str, Floats],
    vectors: dict[str, Floats],
) -> Answered:
    wanted = parts(answer)
    if not candidates:
        return Answered(answer, _ABSENT * coverage(wanted, source.keys) if wanted else 0.0)
    verdict = is_verdict(answer)
    scores = []
    for line, said in candidates:
        cosine = similarity(meanings[_asks(question, answer)], vectors[line.embedded])
        both = _BRIDGED * said + _MEANING * cosine
        scores.append(said * cosine if verdict else both * coverage(wanted, line.keys))
    score = max(scores)
    best = candidates[scores.index(score)][0]
    if not verdict and echoes(question, answer):
        score *= _ECHO
    return Answered(answer, score, source.passages[best.passage], best)
