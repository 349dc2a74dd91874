"""Put the question into several search queries."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.nodes.decompose import sub_questions
from ragreason.nodes.generate import ask
from ragreason.policies.parse import clean
from ragreason.protocols import Generator
from ragreason.seeds import derive
from ragreason.state import State
from ragreason.text.language import language
from ragreason.text.overlap import keys, share, units
from ragreason.text.votes import vote_key

SEARCHES = {"en": "Searches:\n1.", "zh": "检索词：\n1."}


@dataclass(frozen=True)
class Paraphrase:
    """Write the question and up to `n` searches related to it to `queries`, the question first.

    Lines that repeat the question or each other, or share no name with it where it has any, are
    dropped. Where none is left, its names, numbers and content words alone are the other query.
    Source: RAG-Fusion, arXiv 2402.03367.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("seed",)
    writes: ClassVar[tuple[str, ...]] = ("queries",)

    name: str
    engine: Generator
    n: Annotated[int, Field(ge=1, le=16)] = 3
    max_tokens: Annotated[int, Field(ge=8, le=1024)] = 64
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0

    async def __call__(self, state: State) -> dict[str, Any]:
        """One model call."""
        question = state["question"]
        reply = await ask(
            self.engine,
            "queries",
            question.text,
            seed=derive(state.get("seed", 0), question.id, self.name),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stop=("\n\n",),
            opening=SEARCHES[language(question.text)],
        )
        return {"queries": wordings(reply, question.text, self.n)}


def wordings(reply: str, question: str, limit: int) -> list[str]:
    """The question, then up to `limit` other searches for it from the reply's lines.

    Where the question has names, so must they: "first governor" alone leads anywhere.
    """
    distinct = {vote_key(question): question}
    named = [unit for unit in units(question) if unit.kind == "name"]
    for line in sub_questions(reply, question, limit + 1):
        wording = clean(line)
        held = keys(wording)
        if wording and (not named or any(share(unit, held) for unit in named)):
            distinct.setdefault(vote_key(wording), wording)
    words = " ".join(unit.text for unit in units(question))
    if len(distinct) == 1 and words:
        distinct.setdefault(vote_key(words), words)
    return [*distinct.values()][: limit + 1]
