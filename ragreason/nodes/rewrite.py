"""Rewrite the question as a search query."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.nodes.generate import ask
from ragreason.policies.copied import copies
from ragreason.policies.parse import clean
from ragreason.prompts import neutralise
from ragreason.protocols import Generator
from ragreason.seeds import derive
from ragreason.state import State
from ragreason.text.language import language

QUERY = {"en": "Query:", "zh": "检索词："}


@dataclass(frozen=True)
class Rewrite:
    """Write a better `query`, seeing what was tried and found.

    Source: rewrite-retrieve-read, arXiv 2305.14283. An empty, repeated or copied rewrite
    falls back to the question together with the titles found, then to the titles, so that no search
    equals the last.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("query", "evidence", "sufficiency", "seed")
    writes: ClassVar[tuple[str, ...]] = ("query",)

    name: str
    engine: Generator
    max_tokens: Annotated[int, Field(ge=8, le=512)] = 40
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0

    async def __call__(self, state: State) -> dict[str, Any]:
        """One model call."""
        question = state["question"]
        lang = language(question.text)
        tried = state.get("query", "")
        titles = [e.hit.passage.title for e in state.get("evidence", {}).values() if e.keep]
        reply = await ask(
            self.engine,
            "rewrite",
            question.text,
            seed=derive(state.get("seed", 0), question.id, self.name, tried),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stop=("\n",),
            opening=QUERY[lang],
            found=neutralise("; ".join(titles)) or "-",
            tried=neutralise(tried or question.text) if titles else "-",
        )
        known = {tried, question.text} if titles else {tried}
        written = clean(reply)
        others = [" ".join([question.text, *titles]), " ".join(titles)]
        if copies(written, " ".join([question.text, *_texts(state)]), "rewrite", lang):
            written = ""
        new = [query for query in (written, *others) if query and query not in known]
        return {"query": new[0] if new else question.text}


def _texts(state: State) -> list[str]:
    """Titles and texts of what was found."""
    passages = [entry.hit.passage for entry in state.get("evidence", {}).values()]
    return [text for passage in passages for text in (passage.title, passage.text)]
