"""Say that the evidence does not hold an answer, and what is missing."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ragreason.events import TraceEvent
from ragreason.nodes.emit import emit
from ragreason.state import State
from ragreason.types import Answer


@dataclass(frozen=True)
class Abstain:
    """Answer nothing; `missing` comes from the verdict that led here."""

    answers: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ("question", "sufficiency")
    optional_reads: ClassVar[tuple[str, ...]] = ("evidence", "answer", "forced")
    writes: ClassVar[tuple[str, ...]] = ("answer",)

    name: str

    async def __call__(self, state: State) -> dict[str, Any]:
        """No model call."""
        verdict = state["sufficiency"]
        missing = verdict.missing or verdict.unsupported
        forced = state.get("forced", "")
        answer = Answer(
            text="",
            cited="The evidence does not hold an answer."
            + (f" Missing: {'; '.join(missing)}." if missing else ""),
            abstained=True,
            missing=missing,
            score=verdict.score,
            status="forced" if forced else "ok",
            forced_by=forced,
            retrieved=tuple(state.get("evidence", {})),
        )
        emit(TraceEvent(kind="answer", node=self.name, answer=answer))
        return {"answer": answer}
