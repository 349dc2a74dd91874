"""Ask the more general question behind a question."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.nodes.generate import ask
from ragreason.policies.parse import clean
from ragreason.prompts import unfilled
from ragreason.protocols import Generator
from ragreason.seeds import derive
from ragreason.state import State
from ragreason.text.language import language
from ragreason.text.overlap import Unit, keys, uncovered, units
from ragreason.text.votes import vote_key

GENERAL = {"en": "General question:", "zh": "更一般的问题："}


@dataclass(frozen=True)
class StepBack:
    """Write the question and a more general one to `queries`.

    A reply that is empty, repeats the question, is about nothing that the question is about, or
    names what it does not name, falls back to the question's names alone; a question without names
    stays the only one. Source: step-back prompting, arXiv 2310.06117.
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
        reply = await ask(
            self.engine,
            "step_back",
            question.text,
            seed=derive(state.get("seed", 0), question.id, self.name),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stop=("\n",),
            opening=GENERAL[language(question.text)],
        )
        general = clean(reply)
        if not is_general(general, question.text):
            general = " ".join(unit.text for unit in names(question.text))
        return {"queries": [question.text, general] if general else [question.text]}


def is_general(reply: str, question: str) -> bool:
    """Whether a reply is another question about the same things.

    It shares a unit with the question, and names nothing of the prompt's example that the question
    does not name.
    """
    if not reply or vote_key(reply) == vote_key(question):
        return False
    asked = units(question)
    lost = uncovered(asked, keys(reply))
    foreign = uncovered(names(reply), keys(question))
    examples = keys(unfilled("step_back", language(question)))
    copied = any(set(unit.keys) <= examples for unit in foreign)
    return len(lost) < len(asked) and not copied


def names(text: str) -> list[Unit]:
    """The names in a text, in order; English ones only."""
    return [unit for unit in units(text) if unit.kind == "name"]
