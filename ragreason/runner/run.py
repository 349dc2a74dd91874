"""One question's run: what goes in, what comes out, and what may be changed while it pauses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ragreason.errors import ConfigError, RunError
from ragreason.events import TraceEvent
from ragreason.generation.text import check_text
from ragreason.state import State
from ragreason.types import Answer, Question, Turn

EDITABLE = ("query", "queries")
"""State keys that may be changed while a run pauses."""


@dataclass(frozen=True)
class Run:
    """One question answered: the answer, and all that happened on the way. `stands_alone` is what
    was answered: the question, or how the graph put it, as `follow_up` does.
    """

    question: Question
    answer: Answer
    events: tuple[TraceEvent, ...] = ()
    restated: Question | None = None

    @property
    def stands_alone(self) -> Question:
        """The question as it was answered."""
        return self.restated or self.question

    def _repr_html_(self) -> str:
        """For notebooks: the question, the answer, and what happened on the way."""
        from ragreason.text.answer_html import answer_html
        from ragreason.text.html import FADED, box, tag
        from ragreason.traces.html import events_html

        asked = tag("div", self.question.text, style=FADED)
        return box(asked, answer_html(self.answer), events_html(self.events))


class RunPaused(Exception):
    """A run waits before the `nodes`, to go on by `Runner.resume(thread)`. `values` are the state
    keys that may be edited before: `query`, `queries`, None where they are not set.
    """

    def __init__(self, thread: str, nodes: Sequence[str], values: Mapping[str, Any]) -> None:
        super().__init__(f"the run waits before {', '.join(nodes)}")
        self.thread = thread
        self.nodes = tuple(nodes)
        self.values = dict(values)


def checked_edits(edits: Mapping[str, Any]) -> dict[str, Any]:
    """The edits, if they can be made. Raises ConfigError."""
    for key, value in edits.items():
        texts = [value] if key == "query" else value
        fits = isinstance(texts, list) and all(isinstance(t, str) and t.strip() for t in texts)
        if key not in EDITABLE or not fits or not texts:
            raise ConfigError(
                f"can't set '{key}' to {value!r}; expected query (a text) or queries (a list)"[:300]
            )
        for text in texts:
            check_text(text)
    return dict(edits)


def as_value(text: str, history: Sequence[Turn]) -> Question:
    """The text as a question, with an id made of it and of what was said before."""
    said = "\n".join([*(t for turn in history for _, t in turn), text])
    name = sha256(said.encode(errors="replace")).hexdigest()[:12]
    return Question(id=name, text=text, history=tuple(history))


def answer_of(state: State, inside: TraceEvent | None) -> Answer:
    """The answer with what it cost; `inside` tells the last answer, if a graph inside gave it."""
    answer = state.get("answer")
    if answer is None:
        raise RunError("the graph ended without an answer; `ragreason graph validate` says why")
    elapsed_s = round(state["elapsed_s"], 3)
    first_s = elapsed_s if answer.first_token_s is None else answer.first_token_s
    if inside is not None and inside.answer is not None and inside.answer.text == answer.text:
        first_s = max(first_s, inside.at_s)  # it was not streamed
    return answer.model_copy(
        update={"usage": state["usage"], "elapsed_s": elapsed_s, "first_token_s": first_s}
    )
