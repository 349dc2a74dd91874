"""Is what was written well formed? By rules, without a model."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.errors import VerifierError
from ragreason.protocols import Aggregation, Costs, Item, Judges
from ragreason.text.tokens import count_tokens
from ragreason.types import Hit, Question, Step, Verdict
from ragreason.verification import faults
from ragreason.verification.cite import unmarked

_SOUND = Verdict(score=1.0, reason="well formed")


@dataclass(frozen=True)
class Format:
    """Scores the form of a step, or of a trajectory's answer: 1 if nothing is wrong with it.

    It scores 0 where nothing is said, the length limit cut it, or an answer only refuses. Each of
    these halves the score: tags or special tokens, labels such as "Question:", words of the prompt
    or the question itself, an open end, words that go round in circles, the wrong language, and, in
    an answer or a query, a second line. An answer of more than `max_tokens` tokens (a query of
    twice as many), counted without a model, is worth the share that fits. `[n]` marks are no fault.
    `reason` names all that is wrong. An unfinished trajectory has no answer and scores 0.
    """

    judges: ClassVar[frozenset[Judges]] = frozenset({"step", "trajectory"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "min"
    costs: ClassVar[Costs] = "nothing"

    max_tokens: Annotated[int, Field(ge=1)] = 16

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order."""
        return [self._verdict(question.text, item) for item in items]

    def _verdict(self, question: str, item: Item) -> Verdict:
        if isinstance(item, Hit):
            raise VerifierError("format judges steps and trajectories, and was given a hit")
        if not isinstance(item, Step):
            last = item.steps[-1] if item.steps else None
            if last is None or last.kind != "answer":
                return Verdict(score=0.0, label="none", reason="there is no answer")
            item = last
        return self._step(question, item)

    def _step(self, question: str, step: Step) -> Verdict:
        text = unmarked(_content(step))
        fatal = _fatal(step, text)
        if fatal:
            return Verdict(score=0.0, label="none", reason=fatal)
        wrong = list(_faults(question, step, text))
        score = 0.5 ** len(wrong)
        room = {"answer": self.max_tokens, "search": 2 * self.max_tokens}.get(step.kind)
        tokens = count_tokens(text)
        if room is not None and tokens > room:
            score *= room / tokens
            wrong.append(f"it has {tokens} tokens, not {room} at most")
        return Verdict(score=score, reason="; ".join(wrong)) if wrong else _SOUND


def _content(step: Step) -> str:
    """What the step is there for: its answer, its query, or its text."""
    if step.kind == "answer":
        return step.answer
    return step.query if step.kind == "search" else step.text


def _fatal(step: Step, text: str) -> str:
    if step.truncated:
        return "the length limit cut it"
    if faults.empty(text):
        return "nothing is said"
    if step.kind == "answer" and faults.refuses(text):
        return "it refuses to answer"
    return ""


def _faults(question: str, step: Step, text: str) -> Iterable[str]:
    if faults.has_tags(text):
        yield "tags are left over"
    if faults.has_label(text):
        yield "a label of the transcript is left over"
    if step.kind != "search" and faults.echoes_prompt(text, question):
        yield "it repeats the prompt"
    if faults.dangles(text):
        yield "it breaks off"
    if faults.repeats(text):
        yield "it goes round in circles"
    if faults.in_another_language(text, question):
        yield "it is not in the question's language"
    if step.kind in ("answer", "search") and "\n" in text.strip():
        yield "it has more than one line"
