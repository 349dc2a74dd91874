"""What a judge is asked of a trajectory: its answer, or, unfinished, its last step."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fsum
from typing import Literal

from ragreason.errors import VerifierError
from ragreason.ledger import current
from ragreason.prompts import show_passages
from ragreason.types import Completion, Hit, Request, Step, Trajectory
from ragreason.verification.reading import answer_of, asked, ids, inert

YES_NO = {"en": ("Yes", "No"), "zh": ("是", "不是")}
"""The replies whose probabilities are compared: each begins with a token of its own."""
_NONE = "-"
_REASON_LENGTH = 160
_MAX_TOKENS = 128
_SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "reason": {"type": "string", "maxLength": _REASON_LENGTH},
            "score": {"type": "integer", "minimum": 0, "maximum": 10},
        },
        "required": ["reason", "score"],
        "additionalProperties": False,
    }
)


@dataclass(frozen=True)
class Rubric:
    """One thing to be judged: an answer, or a `step` after the steps `before` it."""

    kind: Literal["answer", "step"]
    text: str
    hits: tuple[Hit, ...]
    before: str = ""

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for rubrics that ask the same."""
        return (self.kind, self.text, self.before, ids(self.hits))

    def yes_or_no(self, question: str, hits: Sequence[Hit]) -> Request:
        """Is it right? Passages and question come first, what is judged last, so that all answers
        to one question share the longest prefix.
        """
        return self._asked("judge" if self.kind == "answer" else "judge_step", question, hits)

    def graded(self, question: str, hits: Sequence[Hit]) -> Request:
        """A score from 0 to 10 with its reason, as JSON."""
        request = self._asked("grade" if self.kind == "answer" else "grade_step", question, hits)
        update = {"json_schema": _SCHEMA, "max_tokens": _MAX_TOKENS}
        return request.model_copy(update=update)

    def _asked(self, purpose: str, question: str, hits: Sequence[Hit]) -> Request:
        parts = {"answer": self.text} if self.kind == "answer" else {"step": self.text}
        if self.kind == "step":
            parts["before"] = self.before or _NONE
        return asked(purpose, question, passages=show_passages(hits) or _NONE, **parts)


def rubric(trajectory: Trajectory) -> Rubric | None:
    """What to ask of a trajectory; None where its end says nothing: no step, no text, cut off."""
    if not trajectory.steps or trajectory.steps[-1].truncated:
        return None
    *before, last = trajectory.steps
    if last.kind == "answer":
        answer = answer_of(trajectory)
        return Rubric("answer", answer, trajectory.hits) if answer else None
    step = _line(last)
    told = "\n".join(line for line in map(_line, before) if line)
    return Rubric("step", step, trajectory.hits, told) if step else None


def _line(step: Step) -> str:
    return inert(step.text or step.query)


def grade(completion: Completion) -> tuple[float, str]:
    """A graded reply's score in [0, 1] and its reason.

    Raises VerifierError for a reply without a whole number from 0 to 10 under "score", and
    BudgetReachedError where a spent budget cut it: neither may count as a score.
    """
    try:
        found = json.loads(completion.text)
        score = found["score"]
        reason = str(found.get("reason", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        score, reason = None, ""
    if isinstance(score, bool) or not isinstance(score, int) or not 0 <= score <= 10:
        raise _unreadable(completion, 'JSON with a whole number from 0 to 10 under "score"')
    return score / 10, reason


def probability(completion: Completion, words: tuple[str, str]) -> float:
    """P(yes) from a reply of one token, as a share of yes and no.

    Of the likeliest tokens, where the engine told them; else the token's own probability if it is
    the yes, and the rest if it is the no. Raises VerifierError where neither is among them.
    """
    likely = (completion.top_logprobs or ((),))[0]
    yes, no = (fsum(exp(lp) for token, lp in likely if _begins(token, word)) for word in words)
    if yes + no > 0:
        return yes / (yes + no)
    if completion.logprobs:
        own = min(1.0, exp(completion.logprobs[0]))
        if _begins(completion.text, words[0]):
            return own
        if _begins(completion.text, words[1]):
            return 1.0 - own
    raise _unreadable(completion, f"'{words[0]}' or '{words[1]}' with its log-probability")


def _begins(token: str, word: str) -> bool:
    """Whether the token is the word, in any case, or its beginning."""
    said = token.strip().lower()
    return bool(said) and (said.startswith(word.lower()) or word.lower().startswith(said))


def _unreadable(completion: Completion, expected: str) -> VerifierError:
    meter = current()
    if completion.finish_reason == "length" and meter is not None:
        meter.check()
    return VerifierError(f"the judge said {completion.text[:80]!r}; expected {expected}")
