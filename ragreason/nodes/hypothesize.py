"""Write passages that might answer the question, to search with."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.concurrency import all_or_none
from ragreason.nodes.generate import ask
from ragreason.protocols import Generator
from ragreason.seeds import derive
from ragreason.state import State
from ragreason.text.language import language
from ragreason.text.overlap import keys, uncovered, units

PASSAGE = {"en": "Passage:", "zh": "段落："}
_REFUSAL = re.compile(
    r"(?:as an ai|(?:i(?:'m| am) )?sorry|i (?:don't|do not|can't|cannot))\b"
    r"|抱歉|对不起|我不知道|我无法",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Hypothesize:
    """Write `n` hypothetical passages; they and the question become the `queries`.

    What such a passage claims may be wrong: it is searched with and never read. One that is empty,
    refuses, or says no more than the question is dropped; the question always stays, and comes
    first. Source: HyDE, arXiv 2212.10496.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("seed",)
    writes: ClassVar[tuple[str, ...]] = ("queries",)

    name: str
    engine: Generator
    n: Annotated[int, Field(ge=1, le=16)] = 2
    max_tokens: Annotated[int, Field(ge=16, le=1024)] = 64
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.7

    async def __call__(self, state: State) -> dict[str, Any]:
        """`n` model calls side by side, their prompts alike."""
        question = state["question"].text
        replies = await all_or_none(self._write(state, number) for number in range(self.n))
        written = [" ".join(reply.split()) for reply in replies]
        useful = [passage for passage in written if tells(passage, question)]
        return {"queries": list(dict.fromkeys([question, *useful]))}

    async def _write(self, state: State, number: int) -> str:
        question = state["question"]
        return await ask(
            self.engine,
            "hypothesize",
            question.text,
            seed=derive(state.get("seed", 0), question.id, self.name, number),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stop=("\n\n",),
            opening=PASSAGE[language(question.text)],
        )


def tells(passage: str, question: str) -> bool:
    """Whether a passage claims something: it is no refusal, and holds more than the question."""
    return not _REFUSAL.match(passage) and bool(uncovered(units(passage), keys(question)))
