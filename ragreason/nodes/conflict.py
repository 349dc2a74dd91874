"""Find evidence that disagrees, weigh it, and show it in the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.events import TraceEvent
from ragreason.ledger import as_verifier
from ragreason.nodes.alone import read_alone
from ragreason.nodes.emit import emit
from ragreason.nodes.sides import Reading, Side, sides
from ragreason.nodes.verify import judge
from ragreason.protocols import Embedder, Generator, Verifier
from ragreason.state import State
from ragreason.text.language import Language, language
from ragreason.text.votes import vote_key
from ragreason.types import (
    Alternative,
    Answer,
    Citation,
    Hit,
    Question,
    Step,
    Trajectory,
    Verdict,
)
from ragreason.verification.cite import cite

_MOST = 3
_SHOWN: Mapping[Language, tuple[str, str]] = {
    "en": ("{} (other evidence says: {})", "; "),
    "zh": ("{}（另有证据说：{}）", "；"),
}


@dataclass(frozen=True)
class Conflict:
    """Ask each of the first `max_passages` kept passages alone, and hold its answer against it.

    Answers that the verifier scores below `at_least` on their own passage don't count. Those that
    agree (`sides`) are weighed by the scores of their documents, each counted once; the answer that
    was read from all passages together weighs at least 1, so that a single document can't overturn
    what several give only together. The heaviest side is the answer, the earlier answer where
    weights are equal. Up to three others go into `Answer.alternatives` and, with their
    citations, into `cited`.

    Source: an agent a document and an aggregator that shows every supported answer, MADAM-RAG,
    arXiv 2504.13079; without rounds of debate.
    """

    answers: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = ("question", "answer")
    optional_reads: ClassVar[tuple[str, ...]] = ("evidence", "seed")
    writes: ClassVar[tuple[str, ...]] = ("answer",)

    name: str
    engine: Generator
    verifier: Verifier
    embedder: Embedder
    max_passages: Annotated[int, Field(ge=1, le=100)] = 4
    at_least: Annotated[float, Field(ge=0, le=1)] = 0.5
    max_tokens: Annotated[int, Field(ge=4, le=512)] = 32

    async def __call__(self, state: State) -> dict[str, Any]:
        """One model call a passage, side by side."""
        question, answer = state["question"], state["answer"]
        entries = [entry for entry in state.get("evidence", {}).values() if entry.keep]
        texts = await read_alone(
            self.engine,
            question,
            entries[: self.max_passages],
            seed=state.get("seed", 0),
            max_tokens=self.max_tokens,
        )
        hits = [entry.hit for entry in entries]
        given = [(text, hit) for text, hit in zip(texts, hits, strict=False) if vote_key(text)]
        found = sides(answer.text, await self._supported(question, given))
        if found:
            answer = await self._settled(question, answer, found, hits)
        emit(TraceEvent(kind="answer", node=self.name, answer=answer))
        return {"answer": answer}

    async def _supported(
        self, question: Question, given: Sequence[tuple[str, Hit]]
    ) -> list[Reading]:
        verdicts = await judge(
            self.verifier, question, [read_from(text, hit) for text, hit in given]
        )
        return [
            Reading(text, hit, verdict.score)
            for (text, hit), verdict in zip(given, verdicts, strict=True)
            if verdict.score >= self.at_least
        ]

    async def _settled(
        self, question: Question, answer: Answer, found: Sequence[Side], hits: Sequence[Hit]
    ) -> Answer:
        """The answer of the first side, cited, with the others as alternatives."""
        first, others = found[0], found[1 : 1 + _MOST]
        if not first.together:
            answer = await self._replaced(question, answer, first, hits)
        total = sum(side.weight for side in found)
        known = list(answer.citations)
        alternatives = [
            Alternative(
                text=side.text,
                weight=side.weight / total,
                documents=side.documents,
                citations=await self._cite(question, side, known),
            )
            for side in others
        ]
        self._tell(first, others, total)
        update = {
            "cited": with_alternatives(answer.cited, alternatives, language(question.text)),
            "citations": tuple(known),
            "alternatives": tuple(alternatives),
        }
        return answer.model_copy(update=update)

    async def _replaced(
        self, question: Question, answer: Answer, side: Side, hits: Sequence[Hit]
    ) -> Answer:
        with as_verifier():
            cited, citations = await cite(question.text, side.text, hits, self.embedder)
        update = {"text": side.text, "cited": cited, "citations": citations}
        return answer.model_copy(update=update)

    async def _cite(
        self, question: Question, side: Side, citations: list[Citation]
    ) -> tuple[int, ...]:
        """The numbers of what supports a side, its new citations added to `citations`."""
        numbers = []
        for reading in side.readings:
            with as_verifier():
                _, found = await cite(question.text, reading.text, [reading.hit], self.embedder)
            numbers += [_number(citation, citations) for citation in found]
        return tuple(dict.fromkeys(numbers))

    def _tell(self, first: Side, others: Sequence[Side], total: float) -> None:
        verdict = Verdict(
            score=first.weight / total if total else 0.0,
            label="partial" if others else "supported",
            unsupported=tuple(side.text for side in others),
            reason=f"share of all support; documents: {first.documents}",
        )
        emit(TraceEvent(kind="verdict", node=self.name, verdict=verdict))


def read_from(text: str, *hits: Hit) -> Trajectory:
    """An answer read from these hits, as verifiers judge it."""
    steps = (
        Step(kind="search", text="", hits=hits),
        Step(kind="answer", text=text, answer=text),
    )
    return Trajectory(steps=steps)


def with_alternatives(cited: str, others: Sequence[Alternative], lang: Language) -> str:
    """The cited answer, and in brackets what other evidence says: "1874 [1] (other evidence says:
    1871 [2])".
    """
    if not others:
        return cited
    form, between = _SHOWN[lang]
    told = []
    for other in others:
        marks = "".join(f"[{number}]" for number in other.citations)
        told.append(f"{other.text} {marks}".rstrip())
    return form.format(cited, between.join(told))


def _number(citation: Citation, known: list[Citation]) -> int:
    """The number of a citation of the same span, else of this one, added to `known`."""
    for other in known:
        if (other.passage_id, other.start, other.end) == (
            citation.passage_id,
            citation.start,
            citation.end,
        ):
            return other.number
    known.append(citation.model_copy(update={"number": len(known) + 1}))
    return len(known)
