"""Say that the evidence does not hold an answer, and what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ragreason.events import TraceEvent
from ragreason.nodes.emit import emit
from ragreason.state import State
from ragreason.text.language import Language, language
from ragreason.types import Answer

_TOLD: Mapping[Language, tuple[str, str, str]] = {
    "en": ("The evidence does not hold an answer.", " Missing: {}.", "; "),
    "zh": ("证据中没有答案。", "缺少：{}。", "；"),
}


@dataclass(frozen=True)
class Abstain:
    """Answer nothing, and say so in the question's language; `missing` comes from the verdict that
    led here.
    """

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
            cited=told(missing, language(state["question"].text)),
            abstained=True,
            missing=missing,
            score=verdict.score,
            status="forced" if forced else "ok",
            forced_by=forced,
            retrieved=tuple(state.get("evidence", {})),
        )
        emit(TraceEvent(kind="answer", node=self.name, answer=answer))
        return {"answer": answer}


def told(missing: Sequence[str], lang: Language) -> str:
    """That there is no answer, and what is missing for one."""
    nothing, form, between = _TOLD[lang]
    return nothing + (form.format(between.join(missing)) if missing else "")
