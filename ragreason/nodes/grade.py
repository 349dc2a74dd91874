"""Judge what was retrieved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import Field

from ragreason.errors import VerifierError
from ragreason.events import TraceEvent
from ragreason.ledger import as_verifier
from ragreason.nodes.emit import emit
from ragreason.protocols import Item
from ragreason.state import State
from ragreason.types import Evidence, Hit, Question, Verdict


class RelevanceVerifier(Protocol):
    """What `grade` needs of a verifier: opinions on hits, and on whether they suffice."""

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per hit."""
        ...

    async def sufficiency(self, question: Question, hits: Sequence[Hit]) -> Verdict:
        """Label sufficient, partial or none; `missing` says what nothing was found on."""
        ...


@dataclass(frozen=True)
class Grade:
    """Mark evidence below `keep_at` as not kept, and say whether what is kept suffices.

    At least `keep_least` best passages stay, so that a strict verifier can't empty the prompt.
    Source: corrective RAG, arXiv 2401.15884.
    """

    reads: ClassVar[tuple[str, ...]] = ("question", "evidence")
    writes: ClassVar[tuple[str, ...]] = ("evidence", "sufficiency")

    name: str
    verifier: RelevanceVerifier
    keep_at: Annotated[float, Field(ge=0, le=1)] = 0.3
    keep_least: Annotated[int, Field(ge=0, le=100)] = 2

    async def __call__(self, state: State) -> dict[str, Any]:
        """One batch of judgements."""
        question = state["question"]
        entries = list(state["evidence"].values())
        hits = [entry.hit for entry in entries]
        with as_verifier():
            verdicts = await self.verifier.judge(question, hits)
            if len(verdicts) != len(hits):
                raise VerifierError(f"{len(hits)} passages, {len(verdicts)} verdicts")
            kept = self._kept(verdicts)
            overall = await self.verifier.sufficiency(
                question, [hit for hit, keep in zip(hits, kept, strict=True) if keep]
            )
        emit(TraceEvent(kind="verdict", node=self.name, verdict=overall))
        return {
            "sufficiency": overall,
            "evidence": {
                entry.hit.passage.id: Evidence(hit=entry.hit, keep=keep, excerpt=entry.excerpt)
                for entry, keep in zip(entries, kept, strict=True)
            },
        }

    def _kept(self, verdicts: Sequence[Verdict]) -> list[bool]:
        best = sorted(range(len(verdicts)), key=lambda i: -verdicts[i].score)[: self.keep_least]
        return [v.score >= self.keep_at or i in best for i, v in enumerate(verdicts)]
