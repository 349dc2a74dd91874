"""Verify an answer against the evidence that it was read from."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.events import TraceEvent
from ragreason.nodes.emit import emit
from ragreason.nodes.verify import judge
from ragreason.protocols import Verifier
from ragreason.state import State
from ragreason.types import Step, Trajectory, Verdict


@dataclass(frozen=True)
class Check:
    """Score the answer; below `at_least` its `sufficiency` is none and says what is missing."""

    answers: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ("question", "answer")
    optional_reads: ClassVar[tuple[str, ...]] = ("evidence",)
    writes: ClassVar[tuple[str, ...]] = ("answer", "sufficiency")

    name: str
    verifier: Verifier
    at_least: Annotated[float, Field(ge=0, le=1)] = 0.4

    async def __call__(self, state: State) -> dict[str, Any]:
        """One verdict on the answer as a trajectory: one search with all kept hits, one answer."""
        answer = state["answer"]
        hits = tuple(e.hit for e in state.get("evidence", {}).values() if e.keep)
        steps = (
            Step(kind="search", text="", query=state["question"].text, hits=hits),
            Step(kind="answer", text=answer.text, answer=answer.text),
        )
        (verdict,) = await judge(self.verifier, state["question"], [Trajectory(steps=steps)])
        enough = bool(answer.text) and verdict.score >= self.at_least
        emit(TraceEvent(kind="verdict", node=self.name, verdict=verdict))
        label = "sufficient" if enough else "none"
        missing = () if enough else (verdict.missing or verdict.unsupported)
        overall = Verdict(score=verdict.score, label=label, missing=missing, reason=verdict.reason)
        return {
            "sufficiency": overall,
            "answer": answer.model_copy(update={"score": verdict.score}),
        }
