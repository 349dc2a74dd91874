"""A reading note on each passage; what is irrelevant is not read again."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.concurrency import all_or_none
from ragreason.errors import ContextOverflowError
from ragreason.nodes.alone import shown
from ragreason.nodes.generate import ask
from ragreason.prompts import neutralise
from ragreason.protocols import Generator
from ragreason.seeds import derive
from ragreason.state import State
from ragreason.text.language import language
from ragreason.text.overlap import coverage, keys, units
from ragreason.text.passages import paragraph_text
from ragreason.text.sentences import sentences
from ragreason.types import Evidence, Passage, Question

NOTE = {"en": "Note: ", "zh": "笔记："}
_FAITHFUL = 0.75
_IRRELEVANT = re.compile(
    r"\b(?:irrelevant|(?:not |un)related|not relevant|n/a|no relevant information"
    r"|(?:does not|doesn't) (?:say|mention|help|contain|provide|answer))\b"
    r"|无关|不相关|没有(?:说|提到|提供|相关)|未提",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Note:
    """Write one sentence on what each kept passage says to the question, as its excerpt.

    The note is begun with the passage's title, so that it is about that. A passage whose note says
    that it is irrelevant, or shares nothing with the question, is not kept, but for the first
    `keep_least`. A note that says what its passage does not, or nothing but the question, is no
    note: the passage stays as it is. Source: chain-of-note, arXiv 2311.09210.
    """

    reads: ClassVar[tuple[str, ...]] = ("question", "evidence")
    optional_reads: ClassVar[tuple[str, ...]] = ("seed",)
    writes: ClassVar[tuple[str, ...]] = ("evidence",)

    name: str
    engine: Generator
    keep_least: Annotated[int, Field(ge=0, le=100)] = 2
    max_passages: Annotated[int, Field(ge=1, le=100)] = 5
    max_tokens: Annotated[int, Field(ge=8, le=512)] = 40

    async def __call__(self, state: State) -> dict[str, Any]:
        """One model call a passage, side by side, the first `max_passages` kept ones."""
        question, seed = state["question"], state.get("seed", 0)
        entries = [entry for entry in state["evidence"].values() if entry.keep]
        entries = entries[: self.max_passages]
        notes = await all_or_none(self._note(question, entry, seed) for entry in entries)
        return {
            "evidence": {
                entry.hit.passage.id: _noted(entry, note, least=place < self.keep_least)
                for place, (entry, note) in enumerate(zip(entries, notes, strict=True))
            }
        }

    async def _note(self, question: Question, entry: Evidence, seed: int) -> str | None:
        passage = entry.hit.passage
        title = neutralise(" ".join(passage.title.split()))
        try:
            reply = await ask(
                self.engine,
                "note",
                question.text,
                seed=derive(seed, question.id, self.name, passage.id),
                max_tokens=self.max_tokens,
                stop=("\n",),
                opening=f"{NOTE[language(question.text)]}{title}",
                passages=shown(entry),
            )
        except ContextOverflowError:
            return None
        begun = reply.casefold().startswith(title.casefold())  # on engines without prefill
        return note_of(reply if begun else paragraph_text([title, reply]), question.text, passage)


def note_of(text: str, question: str, passage: Passage) -> str | None:
    """The note in a text, its first sentence: "" where the passage is irrelevant by it, None where
    it is none.

    Irrelevant: it says so, or shares no name, number or word with the question. None: it says
    nothing but what the question says or the title, or less than three quarters of its names,
    numbers and words are in passage or question.
    """
    text = " ".join(text.split())
    subject = " ".join(passage.title.split())
    begun = text.casefold().startswith(subject.casefold())
    if _IRRELEVANT.search(text, len(subject) if begun else 0):
        return ""
    spans = sentences(text)
    note = text[: spans[0].end] if spans else ""
    said, asked, title = units(note), keys(question), keys(passage.title)
    if coverage(said, asked | title) == 1.0:
        return None
    if coverage(said, asked | title | keys(passage.text)) < _FAITHFUL:
        return None
    return note if coverage(said, asked) > 0 else ""


def _noted(entry: Evidence, note: str | None, *, least: bool) -> Evidence:
    """The entry read by its note; as it is without one, or where it is among the least to keep."""
    if note:
        return entry.model_copy(update={"excerpt": note})
    return entry.model_copy(update={"keep": note is None or least})
