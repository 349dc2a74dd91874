"""An answer from each passage, criticised for relevance, support and usefulness; the best wins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.events import TraceEvent
from ragreason.nodes.alone import read_alone
from ragreason.nodes.conflict import read_from
from ragreason.nodes.emit import emit
from ragreason.nodes.verify import judge
from ragreason.protocols import Embedder, Generator, Verifier
from ragreason.state import append
from ragreason.text.votes import vote_key
from ragreason.types import Evidence, Question, Verdict
from ragreason.verification.relevance import Relevance

Segment = tuple[str, Verdict]


@dataclass(frozen=True)
class Segments:
    """Ask each kept passage that was not read before alone, and keep the best answer as `draft`.

    A segment's score is `relevance` times how relevant its passage is, plus the rest times what the
    verifier, asked about its answer and that passage, gives for support and usefulness. From
    `at_least` on the best one suffices. If it does not, `query` is the question with the passage
    that is most relevant, for one more search: retrieval on demand. An earlier draft stays if it
    scored at least as well.

    Source: Self-RAG, arXiv 2310.11511, whose weights for relevance, support and usefulness are 1, 1
    and 0.5: `relevance` 0.4, and an ensemble with weights 1 and 0.5.
    """

    reads: ClassVar[tuple[str, ...]] = ("question", "evidence")
    optional_reads: ClassVar[tuple[str, ...]] = ("draft", "sufficiency", "segments_read", "seed")
    writes: ClassVar[tuple[str, ...]] = ("draft", "sufficiency", "query", "segments_read")
    keys: ClassVar[dict[str, Any]] = {"segments_read": Annotated[list[str], append]}

    name: str
    engine: Generator
    verifier: Verifier
    embedder: Embedder
    relevance: Annotated[float, Field(ge=0, le=1)] = 0.4
    at_least: Annotated[float, Field(ge=0, le=1)] = 0.6
    max_tokens: Annotated[int, Field(ge=4, le=512)] = 32

    async def __call__(self, state: Any) -> dict[str, Any]:
        """One model call a passage that is new, side by side."""
        question, known = state["question"], set(state.get("segments_read", ()))
        kept = [entry for entry in state["evidence"].values() if entry.keep]
        new = [entry for entry in kept if entry.hit.passage.id not in known]
        relevant = await self._relevance(question, kept)
        texts = await read_alone(
            self.engine,
            question,
            new,
            seed=state.get("seed", 0),
            max_tokens=self.max_tokens,
        )
        scored = await self._scored(question, new, texts, relevant)
        text, verdict = max([*_earlier(state), *scored], key=lambda segment: segment[1].score)
        emit(TraceEvent(kind="verdict", node=self.name, verdict=verdict))
        return {
            "draft": text,
            "sufficiency": verdict,
            "query": _with_passage(question, kept, relevant),
            "segments_read": [entry.hit.passage.id for entry in new],
        }

    async def _relevance(self, question: Question, kept: Sequence[Evidence]) -> dict[str, float]:
        """How relevant each passage is, in [0, 1], by passage id."""
        hits = [entry.hit for entry in kept]
        verdicts = await judge(Relevance(self.embedder), question, hits)
        return {hit.passage.id: v.score for hit, v in zip(hits, verdicts, strict=True)}

    async def _scored(
        self,
        question: Question,
        new: Sequence[Evidence],
        texts: Sequence[str],
        relevant: Mapping[str, float],
    ) -> list[Segment]:
        """The segments that say something, in order; one that says nothing if none does."""
        said = [(text, entry.hit) for text, entry in zip(texts, new, strict=True) if vote_key(text)]
        verdicts = await judge(self.verifier, question, [read_from(*segment) for segment in said])
        return [
            (text, self._criticised(verdict, relevant[hit.passage.id]))
            for (text, hit), verdict in zip(said, verdicts, strict=True)
        ] or [("", Verdict(score=0.0, label="none", reason="no passage gives an answer"))]

    def _criticised(self, verdict: Verdict, relevant: float) -> Verdict:
        score = self.relevance * relevant + (1 - self.relevance) * verdict.score
        enough = score >= self.at_least
        return Verdict(
            score=score,
            label="sufficient" if enough else "partial",
            unsupported=() if enough else verdict.unsupported,
            missing=() if enough else verdict.missing,
            reason=f"relevance {relevant:.2f}, {verdict.reason}",
        )


def _earlier(state: Mapping[str, Any]) -> list[Segment]:
    """The draft of an earlier round."""
    draft, verdict = state.get("draft", ""), state.get("sufficiency")
    return [(draft, verdict)] if draft and verdict is not None else []


def _with_passage(
    question: Question, kept: Sequence[Evidence], relevant: Mapping[str, float]
) -> str:
    """The question with the most relevant passage, which names what to look for next."""
    passages = [entry.hit.passage for entry in kept]
    best = max(passages, key=lambda passage: relevant[passage.id], default=None)
    return question.text if best is None else f"{question.text} {best.title} {best.text}"
