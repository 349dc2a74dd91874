"""The last node: an answer with citations."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.errors import ConfigError, ContextOverflowError
from ragreason.events import TraceEvent
from ragreason.ledger import as_verifier, current
from ragreason.nodes.emit import emit
from ragreason.nodes.generate import sampled
from ragreason.policies.parse import clean
from ragreason.prompts import neutralise, show_passages
from ragreason.protocols import Embedder, Generator
from ragreason.seeds import derive
from ragreason.state import State
from ragreason.text.language import language
from ragreason.text.votes import vote_key
from ragreason.types import Answer, Completion, Evidence, Hit, Question
from ragreason.verification.cite import cite
from ragreason.verification.reading import ANSWER


@dataclass(frozen=True)
class AnswerNode:
    """Give the reasoning's answer; without one, read the kept evidence and notes and answer.

    `reread` reads the evidence even where the reasoning has answered, as IRCoT's reader does.
    Where the prompt overflows, whole oldest passages are dropped and named in `dropped`, then the
    oldest notes.
    `temperature` above 0 makes answers differ from seed to seed, for votes over whole graphs.

    Of several `samples`, one request, the answer given most often is taken, the first of equals;
    `confidence` is the share of them that gives it. Of a single one, with `logprobs`, it is the
    geometric mean of the probabilities of its tokens, where the engine tells them. An answer that
    the reasoning gave, or that says nothing, has no confidence: it is 0.

    A single answer is streamed from engines that can, as "token" events.
    """

    answers: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = (
        "evidence",
        "notes",
        "draft",
        "in_prompt",
        "forced",
        "seed",
    )
    writes: ClassVar[tuple[str, ...]] = ("answer", "confidence", "dropped")

    name: str
    engine: Generator
    embedder: Embedder | None = None
    reread: bool = False
    citations: bool = True
    max_passages: Annotated[int, Field(ge=1, le=200)] = 8
    max_tokens: Annotated[int, Field(ge=4, le=4096)] = 32
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    samples: Annotated[int, Field(ge=1, le=64)] = 1
    logprobs: bool = False

    def __post_init__(self) -> None:
        """Raises ConfigError for several samples that can't differ."""
        if self.samples > 1 and not self.temperature:
            raise ConfigError(
                f"'{self.name}': {self.samples} samples at temperature 0 are copies; "
                "give temperature: 0.7"
            )

    async def __call__(self, state: State) -> dict[str, Any]:
        """At most one model call, more only where the context overflows."""
        question = state["question"]
        evidence = [e for e in state.get("evidence", {}).values() if e.keep][: self.max_passages]
        text, sure = state.get("draft", ""), 0.0
        shown = state.get("in_prompt")
        dropped: list[str] = []
        told = Told(self.name)
        if not text or self.reread:
            (text, sure), dropped = await self._read(state, evidence, told)
            ids = (entry.hit.passage.id for entry in evidence)
            shown = [passage for passage in ids if passage not in dropped]
        answer = await self._cited(question, text, [entry.hit for entry in evidence])
        forced = state.get("forced", "")
        answer = answer.model_copy(
            update={
                "status": "forced" if forced else "ok",
                "forced_by": forced,
                "retrieved": tuple(state.get("evidence", {})),
                "in_prompt": None if shown is None else tuple(shown),
                "confidence": sure or None,
                "first_token_s": told.first_s if told.first_s is not None else now_s(),
            }
        )
        emit(TraceEvent(kind="answer", node=self.name, answer=answer))
        return {"answer": answer, "confidence": sure, "dropped": dropped}

    async def _read(
        self, state: State, evidence: list[Evidence], told: "Told"
    ) -> tuple[tuple[str, float], list[str]]:
        dropped: list[str] = []
        notes = list(state.get("notes", ()))
        while True:
            try:
                return await self._ask(state, evidence, notes, told), dropped
            except ContextOverflowError:
                if not evidence and not notes:
                    raise
                if not evidence:
                    notes = notes[1:]
                    continue
                oldest, evidence = evidence[0].hit.passage, evidence[1:]
                dropped.append(oldest.id)
                emit(TraceEvent(kind="dropped", node=self.name, text=oldest.title))

    async def _ask(
        self, state: State, evidence: list[Evidence], notes: list[str], told: "Told"
    ) -> tuple[str, float]:
        question = state["question"]
        hits = [entry.hit for entry in evidence]
        excerpts = {e.hit.passage.id: e.excerpt for e in evidence if e.excerpt is not None}
        blocks = [show_passages(hits, excerpts=excerpts), "\n".join(map(neutralise, notes))]
        replies = await sampled(
            self.engine,
            "answer" if hits or notes else "direct",
            question.text,
            seed=derive(state.get("seed", 0), question.id, self.name),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stop=("\n",),
            opening=ANSWER[language(question.text)],
            n=self.samples,
            logprobs=self.logprobs,
            parts={"passages": "\n\n".join(block for block in blocks if block)},
            on_text=told,
        )
        return _voted(replies)

    async def _cited(self, question: Question, text: str, hits: list[Hit]) -> Answer:
        if not (self.citations and text and hits and self.embedder):
            return Answer(text=text, cited=text)
        with as_verifier():
            cited, citations = await cite(question.text, text, hits, self.embedder)
        return Answer(text=text, cited=cited, citations=citations)


class Told:
    """Tells an answer's text as it comes, and when it began, in seconds of the question."""

    def __init__(self, node: str) -> None:
        self.node = node
        self.first_s: float | None = None

    def __call__(self, text: str) -> None:
        """The next piece."""
        if self.first_s is None:
            self.first_s = now_s()
        emit(TraceEvent(kind="token", node=self.node, text=text))


def now_s() -> float | None:
    """Seconds since the question's start; None outside of a run."""
    meter = current()
    return None if meter is None else round(meter.question_s, 3)


def _voted(replies: Sequence[Completion]) -> tuple[str, float]:
    """The answer, and how sure it is, from 0 to 1; see `AnswerNode`."""
    texts = [clean(reply.text) for reply in replies]
    votes = Counter(vote_key(text) for text in texts if text)
    if not votes:
        return "", 0.0
    best, count = votes.most_common(1)[0]
    text = next(text for text in texts if text and vote_key(text) == best)
    if len(replies) > 1:
        return text, count / len(replies)
    mean = replies[0].mean_logprob
    return text, 0.0 if mean is None else exp(mean)
