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
_SAID, _NEARBY, _MEANS, _CONFIRMS = 0.35, 0.15, 0.2, 0.3
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

    Score of a sentence that holds the answer: 0.35 of the question's other parts are said in it,
    rare ones counting more, 0.15 in it or beside it, 0.2 its cosine with the question, 0.3 with
    question and answer together. An answer that merely repeats the question, where that offers no
    choice, keeps half. An answer that no sentence holds gets at most 0.2, by how much of it occurs.
    "Yes" and "no" can't be looked for: they get how much of the question the passages cover, times
    the cosine of the closest sentence, so they tie.
    """
    asked = units(question)
    lines = [_candidates(asked, answer, source) for answer in answers]
    found = [line.embedded for candidates in lines for line in candidates]
    joined = [_joined(question, a) for a, c in zip(answers, lines, strict=True) if c]
    vectors = await embedded(embedder, [question, *joined, *found] if found else [])
    return [
        _answered(question, asked, answer, candidates, source, vectors)
        for answer, candidates in zip(answers, lines, strict=True)
    ]


def is_verdict(answer: str) -> bool:
    """Whether the answer is a bare yes or no."""
    return canonical_answer(answer) in _VERDICTS


def echoes(question: str, answer: str) -> bool:
    """Whether an answer only repeats the question, which does not offer it as a choice."""
    found = parts(answer)
    return bool(found) and coverage(found, keys(question)) == 1.0 and not _CHOICE.search(question)


def _joined(question: str, answer: str) -> str:
    return f"{question} {answer}"


def _candidates(asked: Sequence[Unit], answer: str, source: Source) -> list[Line]:
    if is_verdict(answer):
        return source.best_lines(asked, _LINES)
    wanted = parts(answer)
    holding = [x for x in source.lines if wanted and coverage(wanted, x.keys) >= _PRESENT]
    rest = _rest(asked, answer)
    said = {x: source.rare_coverage(rest, x.keys) for x in holding}
    return sorted(holding, key=lambda x: -said[x])[:_LINES]


def _rest(asked: Sequence[Unit], answer: str) -> list[Unit]:
    held = keys(answer)
    return [unit for unit in asked if share(unit, held) < 1.0]


def _answered(
    question: str,
    asked: Sequence[Unit],
    answer: str,
    candidates: Sequence[Line],
    source: Source,
    vectors: dict[str, Floats],
) -> Answered:
    wanted = parts(answer)
    if not candidates:
        return Answered(answer, _ABSENT * coverage(wanted, source.keys) if wanted else 0.0)
    if is_verdict(answer):
        cosines = [similarity(vectors[question], vectors[x.embedded]) for x in candidates]
        best = candidates[cosines.index(max(cosines))]
        score = coverage(asked, source.keys) * max(cosines)
        return Answered(answer, score, source.passages[best.passage], best)
    rest = _rest(asked, answer)
    scores = [
        _SAID * source.rare_coverage(rest, line.keys)
        + _NEARBY * source.rare_coverage(rest, line.nearby)
        + _MEANS * similarity(vectors[question], vectors[line.embedded])
        + _CONFIRMS * similarity(vectors[_joined(question, answer)], vectors[line.embedded])
        for line in candidates
    ]
    scores = [s * coverage(wanted, x.keys) for s, x in zip(scores, candidates, strict=True)]
    best = candidates[scores.index(max(scores))]
    score = max(scores) * (_ECHO if echoes(question, answer) else 1.0)
    return Answered(answer, score, source.passages[best.passage], best)
