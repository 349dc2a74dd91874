"""A team's critic: which findings hold, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.events import TraceEvent
from ragreason.nodes.emit import emit
from ragreason.nodes.verify import judge
from ragreason.protocols import Verifier
from ragreason.state import State
from ragreason.types import Hit, Question, Step, Trajectory, Verdict


@dataclass(frozen=True)
class Critique:
    """Keep the `findings` that the evidence supports, and say whether they suffice.

    A note "sub-question: answer" is a finding if the verifier gives its answer at least `at_least`
    as the answer to that sub-question. What is there suffices if each of `queries` has a finding
    and the passages do by an earlier judgement (`sufficiency`): sufficient, or partial where there
    are `enough_findings`. Else the label is partial, or none without any finding, and `missing`
    names the sub-questions that are open, or the question itself.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = (
        "queries",
        "notes",
        "findings",
        "evidence",
        "sufficiency",
    )
    writes: ClassVar[tuple[str, ...]] = ("findings", "sufficiency")

    name: str
    verifier: Verifier
    at_least: Annotated[float, Field(ge=0, le=1)] = 0.4
    enough_findings: Annotated[int, Field(ge=1, le=100)] = 2

    async def __call__(self, state: State) -> dict[str, Any]:
        """One batch of verdicts, one a finding."""
        asked = list(dict.fromkeys(state.get("queries", ())))
        answers = {q: a for q in asked if (a := answer_to(q, state.get("notes", ())))}
        hits = tuple(e.hit for e in state.get("evidence", {}).values() if e.keep)
        scores = await self._scores(answers, hits, state["question"])
        held = [q for q, score in scores.items() if score >= self.at_least]
        known = list(state.get("findings", ()))
        findings = list(dict.fromkeys([*known, *(f"{q}: {answers[q]}" for q in held)]))
        lacking = [q for q in asked if q not in held]
        covered = asked and self._covered(state.get("sufficiency"), len(findings))
        if not lacking and not covered:
            lacking = [state["question"].text]
        verdict = Verdict(
            score=len(held) / len(asked) if asked else 0.0,
            label="sufficient" if not lacking else "partial" if findings else "none",
            missing=tuple(lacking),
        )
        emit(TraceEvent(kind="verdict", node=self.name, verdict=verdict))
        return {"findings": findings, "sufficiency": verdict}

    def _covered(self, passages: Verdict | None, findings: int) -> bool:
        """Whether the passages speak of the question; not judged, they do."""
        label = passages.label if passages is not None else "sufficient"
        return label == "sufficient" or (label == "partial" and findings >= self.enough_findings)

    async def _scores(
        self, answers: dict[str, str], hits: tuple[Hit, ...], question: Question
    ) -> dict[str, float]:
        """Sub-question to the verifier's score of its answer; each is asked for by itself."""
        scores: dict[str, float] = {}
        for text, answer in answers.items():
            steps = (
                Step(kind="search", text="", query=text, hits=hits),
                Step(kind="answer", text=answer, answer=answer),
            )
            asked = Question(id=question.id, text=text)
            (verdict,) = await judge(self.verifier, asked, [Trajectory(steps=steps)])
            scores[text] = verdict.score
        return scores


def answer_to(question: str, notes: Sequence[str]) -> str:
    """The last note's answer to the question; empty where no note has one.

    >>> answer_to("Who built it?", ["Who built it?: Edda Quill"])
    'Edda Quill'
    """
    start = f"{question}: "
    found = [note.removeprefix(start) for note in notes if note.startswith(start)]
    return found[-1].strip() if found else ""
