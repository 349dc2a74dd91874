"""Is what was written supported by what was retrieved?"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ragreason.errors import VerifierError
from ragreason.protocols import Aggregation, Costs, Embedder, Item, Judges
from ragreason.text.overlap import coverage, units
from ragreason.text.sentences import sentences
from ragreason.types import Hit, Question, Step, Trajectory, Verdict
from ragreason.verification.answered import ANSWERED, Answered, answered
from ragreason.verification.cite import is_short, unmarked
from ragreason.verification.entailment import ENTAILED, Entailment, answered_by, supported_by
from ragreason.verification.evidence import Source, read
from ragreason.verification.missing import missing_answer, missing_parts
from ragreason.verification.support import SUPPORTED, Support, support_by

_TAGS = re.compile(r"</?\w+>|^\s*(?:thought|reasoning|(?:final )?answer)(?: \d+)?\s*:", re.I | re.M)


@dataclass(frozen=True)
class _Work:
    """What is asked of one item: `short` an answer in context, else `claims`, or a search."""

    hits: tuple[Hit, ...]
    short: str = ""
    claims: tuple[str, ...] = ()
    search: bool = False


@dataclass(frozen=True)
class Groundedness:
    """Scores steps and trajectories by the hits they carry.

    An answer of a few words is looked for where the passages speak of the question
    (`answered`); longer text is compared sentence by sentence (`support`), the score being the
    mean. A trajectory, finished or not, is judged by its last step against all its hits, so a
    thought is held against what was found before it; a search by how much of the question the hits
    cover. Label: supported, partial (some
    sentences are), unsupported, or none where there are no hits or nothing is said.
    `unsupported` names the answers and sentences that fell short.

    With `entailment`, the folder or catalogue name of a model of natural language inference, an
    answer's or sentence's score is the probability that the passages entail it (`entailment.
    answered_by`, `supported_by`), supported from `entailed` on; nothing is embedded.
    """

    judges: ClassVar[frozenset[Judges]] = frozenset({"step", "prefix", "trajectory"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "mean"
    costs: ClassVar[Costs] = "embedding"

    embedder: Embedder
    supported: Annotated[float, Field(ge=0, le=1)] = SUPPORTED
    answered: Annotated[float, Field(ge=0, le=1)] = ANSWERED
    entailment: str | None = None
    entailed: Annotated[float, Field(ge=0, le=1)] = ENTAILED
    _model: Entailment | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        """Raises ConfigError where `entailment` names no such model; it is loaded when used."""
        if self.entailment is not None:
            object.__setattr__(self, "_model", Entailment(self.entailment))
            object.__setattr__(self, "costs", "model")

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order. Items with the same hits are embedded together."""
        works = [_work(item) for item in items]
        groups: dict[tuple[str, ...], list[int]] = {}
        for place, work in enumerate(works):
            groups.setdefault(tuple(hit.passage.id for hit in work.hits), []).append(place)
        verdicts: dict[int, Verdict] = {}
        for places in groups.values():
            source = read(hit.passage for hit in works[places[0]].hits)
            judged = await self._judge(question.text, [works[p] for p in places], source)
            verdicts.update(zip(places, judged, strict=True))
        return [verdicts[place] for place in sorted(verdicts)]

    async def _judge(self, question: str, works: Sequence[_Work], source: Source) -> list[Verdict]:
        if not source.lines:
            return [_nothing(question, work, source) for work in works]
        shorts = list(dict.fromkeys(work.short for work in works if work.short))
        claims = list(dict.fromkeys(claim for work in works for claim in work.claims))
        if self._model is None:
            answers = await answered(question, shorts, source, self.embedder)
            supports = await support_by(claims, source, self.embedder)
        else:
            answers = await answered_by(question, shorts, source, self._model)
            supports = await supported_by(claims, source, self._model)
        short = {a.answer: a for a in answers}
        long = {s.statement: s for s in supports}
        return [
            self._short(question, short[work.short], source)
            if work.short
            else self._long([long[claim] for claim in work.claims])
            if work.claims
            else _search(question, source)
            if work.search
            else Verdict(score=0.0, label="none", reason="nothing is said")
            for work in works
        ]

    def _short(self, question: str, found: Answered, source: Source) -> Verdict:
        good = found.score >= (self.answered if self._model is None else self.entailed)
        title = found.passage.title if found.passage else ""
        unanswered = missing_answer(question, found.answer)
        return Verdict(
            score=found.score,
            label="supported" if good else "unsupported",
            unsupported=() if good else (found.answer,),
            missing=() if good else (unanswered, *missing_parts(question, source)),
            reason=f"closest passage: {title}" if title else "no passage holds this answer",
        )

    def _long(self, found: Sequence[Support]) -> Verdict:
        bound = self.supported if self._model is None else self.entailed
        poor = tuple(s.statement for s in found if s.score < bound)
        label: Literal["supported", "partial", "unsupported"] = "partial"
        if not poor:
            label = "supported"
        elif len(poor) == len(found):
            label = "unsupported"
        missing = tuple(dict.fromkeys(m for s in found if s.statement in poor for m in s.missing))
        return Verdict(
            score=sum(s.score for s in found) / len(found),
            label=label,
            unsupported=poor,
            reason=f"not found near it: {', '.join(missing)}" if missing else "",
        )


def claims(text: str) -> tuple[str, ...]:
    """The sentences of a text that say something, without `[n]` marks, tags and labels.

    "Answer: Paris is big. [1] It is!" gives ("Paris is big.",).
    """
    plain = unmarked(_TAGS.sub(" ", text))
    found = [" ".join(plain[s.start : s.end].split()) for s in sentences(plain)]
    return tuple(sentence for sentence in found if units(sentence))


def _work(item: Item) -> _Work:
    if isinstance(item, Hit):
        raise VerifierError("groundedness judges steps and trajectories, not hits; use relevance")
    if isinstance(item, Trajectory) and not item.steps:
        return _Work(hits=())
    step = item if isinstance(item, Step) else item.steps[-1]
    if step.kind in {"search", "call"}:
        return _Work(item.hits, search=True)
    text = step.answer if step.kind == "answer" else step.text
    text = unmarked(_TAGS.sub(" ", text))
    found = claims(text)
    if step.kind == "answer" and (is_short(text) or not found):
        return _Work(item.hits, short=text)
    return _Work(item.hits, claims=found)


def _nothing(question: str, work: _Work, source: Source) -> Verdict:
    said = (work.short,) if work.short else work.claims
    told = missing_parts(question, source)
    return Verdict(score=0.0, label="none", unsupported=said, missing=told, reason=told[0])


def _search(question: str, source: Source) -> Verdict:
    score = coverage(units(question), source.keys)
    return Verdict(score=score, reason="share of the question that the passages found speak of")
