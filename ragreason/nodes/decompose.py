"""Break a question into sub-questions that can be answered side by side."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.nodes.generate import ask
from ragreason.policies.copied import copies
from ragreason.protocols import Generator
from ragreason.seeds import derive
from ragreason.state import State
from ragreason.text.language import language
from ragreason.text.tokens import Tokenizer

LOOK_UP = {"en": "Look up:\n", "zh": "要查：\n"}
_BULLET = re.compile(r"^\s*(?:[-*•]|\(?\d+[.)、:]|Q\d*:)\s*")


@dataclass(frozen=True)
class Decompose:
    """Write up to `max_questions` sub-questions to `queries`.

    Sub-questions may not depend on each other's answers: they run in parallel. One that names what
    only the prompt's examples name is dropped. Where the model gives none of use, the question
    itself is the only one. Source: arXiv 2210.02406.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("seed",)
    writes: ClassVar[tuple[str, ...]] = ("queries",)

    name: str
    engine: Generator
    max_questions: Annotated[int, Field(ge=1, le=16)] = 3
    max_tokens: Annotated[int, Field(ge=8, le=1024)] = 96
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0

    async def __call__(self, state: State) -> dict[str, Any]:
        """One model call."""
        question = state["question"]
        lang = language(question.text)
        reply = await ask(
            self.engine,
            "decompose",
            question.text,
            seed=derive(state.get("seed", 0), question.id, self.name),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stop=("\n\n",),
            opening=LOOK_UP[lang],
        )
        lines = reply.splitlines()
        own = [line for line in lines if not copies(line, question.text, "decompose", lang)]
        return {"queries": sub_questions("\n".join(own), question.text, self.max_questions)}


def sub_questions(reply: str, question: str, limit: int) -> list[str]:
    """Up to `limit` distinct lines of the reply, bullets and numbers removed; at least one.

    Small models repeat the prompt's examples: a line that shares no word with the question is
    dropped. Where none is left, the question itself is the only one.
    """
    words = Tokenizer()
    asked = set(words(question))
    lines = dict.fromkeys(_BULLET.sub("", line).strip() for line in reply.splitlines())
    found = [line for line in lines if asked & set(words(line))]
    return found[:limit] or [question]
