"""Ask the more general question behind a question."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.nodes.generate import ask
from ragreason.policies.parse import clean
from ragreason.protocols import Generator
from ragreason.seeds import derive
from ragreason.state import State
from ragreason.text.language import language
from ragreason.text.overlap import Unit, coverage, keys, units

GENERAL = {"en": "More general question:", "zh": "更一般的问题："}
BEGUN = {"en": "What is the history of", "zh": ""}
"""How the question is begun for the model: small ones repeat the question where it is not."""
_GENERAL_BELOW = 0.8


@dataclass(frozen=True)
class StepBack:
    """Write the question and a more general one to `queries`.

    A reply that is empty, asks for no less than the question does, or is about nothing that the
    question is about falls back to the question's names alone; a question without names stays the
    only one. Source: step-back prompting, arXiv 2310.06117.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("seed",)
    writes: ClassVar[tuple[str, ...]] = ("queries",)

    name: str
    engine: Generator
    max_tokens: Annotated[int, Field(ge=8, le=512)] = 32
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0

    async def __call__(self, state: State) -> dict[str, Any]:
        """One model call."""
        question = state["question"]
        lang = language(question.text)
        reply = await ask(
            self.engine,
            "step_back",
            question.text,
            seed=derive(state.get("seed", 0), question.id, self.name),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stop=("\n",),
            opening=f"{GENERAL[lang]} {BEGUN[lang]}".rstrip(),
        )
        begun = BEGUN[lang] if "prefill" in self.engine.capabilities else ""
        written = reply.removeprefix(GENERAL[lang]).strip()
        general = clean(f"{begun} {written}") if written else ""
        if not is_general(general, question.text):
            general = " ".join(unit.text for unit in names(question.text))
        return {"queries": [question.text, general] if general else [question.text]}


def is_general(reply: str, question: str) -> bool:
    """Whether a reply is about something of the question, and asks for less than it does."""
    asked = units(question)
    return bool(reply) and 0 < coverage(asked, keys(reply)) < _GENERAL_BELOW


def names(text: str) -> list[Unit]:
    """The names in a text, in order; English ones only."""
    return [unit for unit in units(text) if unit.kind == "name"]
