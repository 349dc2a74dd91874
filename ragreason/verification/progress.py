"""Did the last step get on? The critique by which a search over reasoning takes steps back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.errors import VerifierError
from ragreason.protocols import Aggregation, Costs, Embedder, Item, Judges
from ragreason.text.language import Language, language
from ragreason.text.overlap import coverage, units
from ragreason.types import Question, Step, Trajectory, Verdict
from ragreason.verification.evidence import read
from ragreason.verification.groundedness import Groundedness

_OLD = 0.5
"""What a search is worth that found only what stands already."""

_REASONS: dict[Language, dict[str, str]] = {
    "en": {
        "nothing": "nothing was found",
        "new": "nothing new was found",
        "again": "the same was looked for before",
        "other": "they speak of other things",
    },
    "zh": {
        "nothing": "没有找到任何内容",
        "new": "没有找到新内容",
        "again": "这已经查过了",
        "other": "它们讲的是别的内容",
    },
}


@dataclass(frozen=True)
class Progress:
    """Scores a trajectory by its last step.

    A search, or a call of a tool that found passages, has the share of what was looked for (names
    and content words of the query) that its new passages hold: half the share of all that it found
    where none is new, 0 where it found nothing, or the attempt has looked for the same. A call that
    failed has 0, one that gave a text 1. Thoughts and answers are judged by groundedness, against
    all that stands. Label: supported from `found` on, partial, or none; `reason` says what was
    wrong, in the question's language.
    """

    judges: ClassVar[frozenset[Judges]] = frozenset({"prefix", "trajectory"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "last"
    costs: ClassVar[Costs] = "embedding"

    embedder: Embedder
    found: Annotated[float, Field(ge=0, le=1)] = 0.5

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per trajectory, in order."""
        verdicts: dict[int, Verdict] = {}
        written: list[tuple[int, Trajectory]] = []
        for place, item in enumerate(items):
            if not isinstance(item, Trajectory):
                raise VerifierError("progress judges trajectories; use groundedness or relevance")
            last = item.steps[-1] if item.steps else None
            if last is not None and last.kind in {"search", "call", "backtrack"}:
                verdicts[place] = self._step(last, item, language(question.text))
            else:
                written.append((place, item))
        judged = await Groundedness(self.embedder).judge(question, [item for _, item in written])
        verdicts |= {place: v for (place, _), v in zip(written, judged, strict=True)}
        return [verdicts[place] for place in range(len(items))]

    def _step(self, step: Step, trajectory: Trajectory, lang: Language) -> Verdict:
        if step.kind == "backtrack":
            return Verdict(score=1.0)
        if step.failed:
            return Verdict(score=0.0, label="none", reason=step.result)
        if step.kind == "call" and step.result and not step.hits:
            return Verdict(score=1.0, label="supported")
        score, why = _yield(step, trajectory)
        if score >= self.found:
            return Verdict(score=score, label="supported")
        return Verdict(
            score=score, label="partial" if score else "none", reason=_REASONS[lang][why]
        )


def _yield(step: Step, trajectory: Trajectory) -> tuple[float, str]:
    """The share of what the step looked for that it found, and which reason a low one has."""
    if not step.hits:
        return 0.0, "nothing"
    if _looked_for(step) in _looked_for_before(trajectory):
        return 0.0, "again"
    before = {hit.passage.id for hit in Trajectory(steps=trajectory.steps[:-1]).hits}
    new = [hit for hit in step.hits if hit.passage.id not in before]
    held = read(hit.passage for hit in new or step.hits).keys
    share = coverage(units(_looked_for(step)), held)
    return (share, "other") if new else (share * _OLD, "new")


def _looked_for(step: Step) -> str:
    """The query, or the texts among a call's arguments."""
    if step.query:
        return step.query
    try:
        given = json.loads(step.arguments)
    except (ValueError, RecursionError):
        return step.arguments
    values = given.values() if isinstance(given, dict) else [given]
    return " ".join(str(value) for value in values)


def _looked_for_before(trajectory: Trajectory) -> set[str]:
    """What earlier steps of the last step's attempt looked for, those taken back too."""
    steps = trajectory.steps[:-1]
    ends = [i for i, s in enumerate(steps, start=1) if s.kind == "answer" and not s.truncated]
    return {
        _looked_for(s) for s in steps[ends[-1] if ends else 0 :] if s.kind in {"search", "call"}
    }
