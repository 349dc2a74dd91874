"""Answer in the manner of a few solved examples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from ragreason.nodes.generate import ask
from ragreason.policies.parse import clean
from ragreason.prompts import neutralise, show_passages
from ragreason.protocols import Generator
from ragreason.seeds import derive
from ragreason.state import State
from ragreason.text.answers import canonical_answer
from ragreason.text.language import Language, language
from ragreason.text.overlap import keys
from ragreason.types import Hit
from ragreason.verification.reading import ANSWER

ASKED = {"en": "Question:", "zh": "问题："}


class Shot(BaseModel):
    """A question with its answer, shown to the model as an example."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    answer: str


@dataclass(frozen=True)
class FewShot:
    """Write a `draft` after solved examples: the state's `examples`, else those given here.

    Those in the question's language are shown, all where there are none; the passages among the
    evidence stand before them. Without examples, or where the reply only repeats an example's
    answer that neither passages nor question hold, there is no draft, and the answer node answers.
    Source: arXiv 2005.14165.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("examples", "evidence", "seed")
    writes: ClassVar[tuple[str, ...]] = ("draft",)
    keys: ClassVar[dict[str, Any]] = {"examples": list[dict[str, str]]}

    name: str
    engine: Generator
    examples: tuple[Shot, ...] = ()
    max_passages: Annotated[int, Field(ge=1, le=200)] = 5
    max_tokens: Annotated[int, Field(ge=4, le=4096)] = 32
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0

    async def __call__(self, state: State) -> dict[str, Any]:
        """At most one model call."""
        question = state["question"].text
        found: Sequence[dict[str, str]] = state.get("examples", ())  # type: ignore[assignment]
        shots = [Shot.model_validate(one) for one in found] or self._own(language(question))
        if not shots:
            return {"draft": ""}
        evidence = [e.hit for e in state.get("evidence", {}).values() if e.keep]
        hits = evidence[: self.max_passages]
        draft = await self._ask(state, hits, shots)
        return {"draft": "" if copied(draft, shots, question, hits) else draft}

    def _own(self, lang: Language) -> list[Shot]:
        same = [shot for shot in self.examples if language(shot.question) == lang]
        return same or list(self.examples)

    async def _ask(self, state: State, hits: Sequence[Hit], shots: Sequence[Shot]) -> str:
        question = state["question"]
        lang = language(question.text)
        reply = await ask(
            self.engine,
            "examples_read" if hits else "examples",
            question.text,
            seed=derive(state.get("seed", 0), question.id, self.name),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stop=("\n",),
            opening=ANSWER[lang],
            examples="\n\n".join(_shown(shot, lang) for shot in shots),
            **({"passages": show_passages(hits)} if hits else {}),
        )
        return clean(reply)


def _shown(shot: Shot, lang: Language) -> str:
    """Two lines; both may come from documents and models, so they are made inert."""
    question, answer = (neutralise(" ".join(t.split())) for t in (shot.question, shot.answer))
    blank = " " if lang == "en" else ""
    return f"{ASKED[lang]}{blank}{question}\n{ANSWER[lang]}{blank}{answer}"


def copied(answer: str, shots: Sequence[Shot], question: str, hits: Sequence[Hit]) -> bool:
    """Whether the answer is an example's, and neither the question nor a passage speaks of it.

    "Yes", "no" and the like are never taken for copies: they name nothing.
    """
    said = canonical_answer(answer)
    if said in {"yes", "no"} or said not in {canonical_answer(shot.answer) for shot in shots}:
        return False
    texts = [question, *(text for hit in hits for text in (hit.passage.title, hit.passage.text))]
    named = keys(answer)
    return bool(named) and not named <= keys("\n".join(texts))
