"""A reading note on each passage; what is irrelevant is not read again."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.concurrency import all_or_none
from ragreason.errors import ContextOverflowError
from ragreason.nodes.alone import shown
from ragreason.nodes.generate import ask
from ragreason.protocols import Generator
from ragreason.seeds import derive
from ragreason.state import State
from ragreason.text.language import language
from ragreason.text.overlap import coverage, keys, units
from ragreason.types import Evidence, Passage, Question

NOTE = {"en": "Note:", "zh": "笔记："}
_FAITHFUL = 0.75
_IRRELEVANT = re.compile(
    r"^\W*(?:irrelevant|not relevant|nothing|none|n/?a\b"
    r"|(?:no|not enough) (?:relevant )?information"
    r"|(?:the|this) passage (?:is irrelevant|is not relevant|does not|doesn't|says nothing)"
    r"|无关|不相关|没有(?:相关|提到|提供|说)|段落(?:没有|未))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Note:
    """Write one sentence on what each kept passage says to the question, as its excerpt.

    A passage whose note says that it is irrelevant is not kept. A note that says what its passage
    does not, or nothing but the question, is no note: the passage stays as it is; so do all where
    none is relevant. Source: chain-of-note, arXiv 2311.09210.
    """

    reads: ClassVar[tuple[str, ...]] = ("question", "evidence")
    optional_reads: ClassVar[tuple[str, ...]] = ("seed",)
    writes: ClassVar[tuple[str, ...]] = ("evidence",)

    name: str
    engine: Generator
    max_passages: Annotated[int, Field(ge=1, le=100)] = 5
    max_tokens: Annotated[int, Field(ge=8, le=512)] = 40

    async def __call__(self, state: State) -> dict[str, Any]:
        """One model call a passage, side by side, the first `max_passages` kept ones."""
        question, seed = state["question"], state.get("seed", 0)
        entries = [entry for entry in state["evidence"].values() if entry.keep]
        entries = entries[: self.max_passages]
        notes = await all_or_none(self._note(question, entry, seed) for entry in entries)
        if all(note == "" for note in notes):
            return {"evidence": {}}
        return {
            "evidence": {
                entry.hit.passage.id: _noted(entry, note)
                for entry, note in zip(entries, notes, strict=True)
            }
        }

    async def _note(self, question: Question, entry: Evidence, seed: int) -> str | None:
        try:
            reply = await ask(
                self.engine,
                "note",
                question.text,
                seed=derive(seed, question.id, self.name, entry.hit.passage.id),
                max_tokens=self.max_tokens,
                stop=("\n",),
                opening=NOTE[language(question.text)],
                passages=shown(entry),
            )
        except ContextOverflowError:
            return None
        return note_of(reply, question.text, entry.hit.passage)


def note_of(reply: str, question: str, passage: Passage) -> str | None:
    """The note in a reply: "" where it says that the passage is irrelevant, None where it is none.

    None: an empty reply, one that repeats the question, and one of whose names, numbers and words
    less than three quarters are in passage or question.
    """
    text = " ".join(reply.split())
    if _IRRELEVANT.match(text):
        return ""
    said, asked = units(text), keys(question)
    held = keys(passage.title) | keys(passage.text)
    if not said or coverage(said, asked) == 1.0 or coverage(said, held | asked) < _FAITHFUL:
        return None
    return text


def _noted(entry: Evidence, note: str | None) -> Evidence:
    if note is None:
        return entry
    return entry.model_copy(update={"excerpt": note} if note else {"keep": False})
