"""Chain of verification: draft, questions that check it, an answer that keeps to what they gave.

Source: arXiv 2309.11495, in its factored form: between these nodes each question is answered on its
own, by a graph that never sees the draft.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.nodes.decompose import sub_questions
from ragreason.nodes.generate import ask
from ragreason.policies.copied import copies
from ragreason.policies.parse import clean
from ragreason.prompts import neutralise, show_passages
from ragreason.protocols import Generator
from ragreason.seeds import derive
from ragreason.state import State
from ragreason.text.language import language
from ragreason.text.overlap import units
from ragreason.types import Hit
from ragreason.verification.answered import is_verdict
from ragreason.verification.reading import ANSWER

CHECK = {"en": "To check:\n", "zh": "要核实：\n"}
WHAT_IS = {"en": "Who or what is {}?", "zh": "{}是谁，或者是什么？"}


@dataclass(frozen=True)
class Draft:
    """Read the evidence and write a `draft`, for later nodes to check."""

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("evidence", "seed")
    writes: ClassVar[tuple[str, ...]] = ("draft",)

    name: str
    engine: Generator
    max_passages: Annotated[int, Field(ge=1, le=200)] = 5
    max_tokens: Annotated[int, Field(ge=4, le=4096)] = 32
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0

    async def __call__(self, state: State) -> dict[str, Any]:
        """One model call."""
        question = state["question"]
        hits = kept(state, self.max_passages)
        reply = await ask(
            self.engine,
            "answer" if hits else "direct",
            question.text,
            seed=derive(state.get("seed", 0), question.id, self.name),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stop=("\n",),
            opening=ANSWER[language(question.text)],
            **({"passages": show_passages(hits)} if hits else {}),
        )
        return {"draft": clean(reply)}


@dataclass(frozen=True)
class VerificationQuestions:
    """Write up to `max_questions` questions whose answers would show whether the draft is right.

    A line that speaks of neither question nor draft, or that names what only the prompt's example
    names, or that asks the question again, is dropped. Where none is left, the question is asked
    with the draft at its end, or, of a draft that names nothing, what the question names.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("draft", "evidence", "seed")
    writes: ClassVar[tuple[str, ...]] = ("queries",)

    name: str
    engine: Generator
    max_questions: Annotated[int, Field(ge=1, le=16)] = 2
    max_tokens: Annotated[int, Field(ge=8, le=1024)] = 64
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0

    async def __call__(self, state: State) -> dict[str, Any]:
        """One model call."""
        question, draft = state["question"], state.get("draft", "")
        lang = language(question.text)
        reply = await ask(
            self.engine,
            "verification_questions",
            question.text,
            seed=derive(state.get("seed", 0), question.id, self.name),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stop=("\n\n",),
            opening=CHECK[lang],
            draft=neutralise(draft) or "-",
        )
        known = f"{question.text}\n{draft}"
        lines = sub_questions(reply, known, self.max_questions + 1)
        said = {_words(text) for text in (known, question.text, draft)}
        useful = [line for line in lines if _words(line) not in said]
        held = "\n".join([known, *(h.passage.title + "\n" + h.passage.text for h in kept(state))])
        purpose = "verification_questions"
        useful = [line for line in useful if not copies(line, held, purpose, lang)]
        return {"queries": (useful or about(question.text, draft))[: self.max_questions]}


@dataclass(frozen=True)
class VerifiedAnswer:
    """Answer again as a `draft`, seeing passages, the checked facts (`notes`) and the old draft.

    An empty reply leaves the old draft. The prompt begins as the draft's did, passages first.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("draft", "notes", "evidence", "seed")
    writes: ClassVar[tuple[str, ...]] = ("draft",)

    name: str
    engine: Generator
    max_passages: Annotated[int, Field(ge=1, le=200)] = 5
    max_tokens: Annotated[int, Field(ge=4, le=4096)] = 32
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0

    async def __call__(self, state: State) -> dict[str, Any]:
        """At most one model call: none where nothing was checked."""
        question, draft, notes = state["question"], state.get("draft", ""), state.get("notes", [])
        if not notes:
            return {"draft": draft}
        reply = await ask(
            self.engine,
            "verified_answer",
            question.text,
            seed=derive(state.get("seed", 0), question.id, self.name),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stop=("\n",),
            opening=ANSWER[language(question.text)],
            passages=show_passages(kept(state, self.max_passages)),
            checked="\n".join(neutralise(note) for note in notes),
            draft=neutralise(draft) or "-",
        )
        return {"draft": clean(reply) or draft}


def kept(state: State, limit: int | None = None) -> list[Hit]:
    """The passages that count, the first `limit` of them."""
    return [entry.hit for entry in state.get("evidence", {}).values() if entry.keep][:limit]


def about(question: str, draft: str) -> list[str]:
    """What to check a draft by: itself, behind the question; where it is empty, a number, "yes" or
    "no", the names in the question, else the question.
    """
    if not is_verdict(draft) and any(unit.kind != "number" for unit in units(draft)):
        return [f"{question} {draft}?"]
    names = dict.fromkeys(unit.text for unit in units(question) if unit.kind == "name")
    return [WHAT_IS[language(question)].format(name) for name in names] or [question]


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
