"""What a team's planner asks for next, once its critic has said what is missing."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.nodes.decompose import sub_questions
from ragreason.nodes.generate import ask
from ragreason.policies.copied import copies
from ragreason.prompts import neutralise
from ragreason.protocols import Generator
from ragreason.seeds import derive
from ragreason.state import State
from ragreason.text.language import language

NEXT = {"en": "Next question:", "zh": "下一个问题："}
_SHOWN = 3


@dataclass(frozen=True)
class NextQuestion:
    """Write one question to `queries` that fills what is missing, by name.

    The model sees the `findings` and what the `sufficiency` verdict names as missing. A reply that
    is empty, repeats a sub-question, or names what only the prompt's example names is replaced by
    what was found together with the question itself, whose search finds the next passages.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("findings", "sufficiency", "seed")
    writes: ClassVar[tuple[str, ...]] = ("queries",)

    name: str
    engine: Generator
    max_tokens: Annotated[int, Field(ge=8, le=512)] = 40
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0

    async def __call__(self, state: State) -> dict[str, Any]:
        """One model call."""
        question = state["question"]
        findings = list(state.get("findings", ()))
        verdict = state.get("sufficiency")
        missing = list(verdict.missing) if verdict is not None else []
        lang = language(question.text)
        reply = await ask(
            self.engine,
            "next_question",
            question.text,
            seed=derive(state.get("seed", 0), question.id, self.name, len(findings)),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stop=("\n",),
            opening=NEXT[lang],
            found=neutralise("; ".join(findings[-_SHOWN:])) or "-",
            missing=neutralise("; ".join(missing[:_SHOWN])) or "-",
        )
        known = " ".join([question.text, *findings, *missing])
        (written,) = sub_questions(reply, known, 1)
        asked = {*missing, question.text, known, *(f.rpartition(": ")[0] for f in findings)}
        if written in asked or copies(written, known, "next_question", lang):
            found = " ".join(f.rpartition(": ")[2] for f in findings)
            written = f"{found}: {question.text}" if found else question.text
        return {"queries": [written]}
