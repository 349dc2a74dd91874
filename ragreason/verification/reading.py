"""The prompt that reads evidence and answers, as a graph's answer node asks it; and what all
verifiers that ask a model share: safe texts, and evidence that fits.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from ragreason.errors import ContextOverflowError, VerifierError
from ragreason.prompts import neutralise, prompt, show_passages
from ragreason.protocols import Item
from ragreason.text.language import language
from ragreason.text.passages import mended
from ragreason.types import Hit, Message, Request, Trajectory
from ragreason.verification.cite import unmarked

ANSWER = {"en": "Answer:", "zh": "答案："}
"""How the reply is begun for the model."""

T = TypeVar("T")


def reading(
    question: str, hits: Sequence[Hit], notes: Sequence[str] = (), *, begun: bool = True
) -> Request:
    """The request for a short answer from these passages and notes, greedy; without both, from
    what the model knows. The reply is `begun` for it unless the engine can't continue one.
    """
    shown = [show_passages(hits), "\n".join(inert(note) for note in notes)]
    purpose = "answer" if hits or notes else "direct"
    return asked(
        purpose,
        question,
        opening=ANSWER[language(question)] if begun else "",
        passages="\n\n".join(block for block in shown if block),
    )


def asked(purpose: str, question: str, *, opening: str = "", **parts: str) -> Request:
    """One user message of the prompt `purpose`; `opening` begins the reply."""
    content = mended(prompt(purpose, mended(question), **parts))
    return Request(messages=(Message(role="user", content=content),), prefill=opening)


def inert(text: str) -> str:
    """Untrusted text on one line, its tags and special tokens made harmless."""
    return neutralise(mended(" ".join(text.split())))


def answer_of(trajectory: Trajectory) -> str:
    """The answer alone: inert, without `[n]` marks. Empty where there is none."""
    return inert(unmarked(trajectory.answer or ""))


async def fitting(hits: Sequence[Hit], call: Callable[[Sequence[Hit]], Awaitable[T]]) -> T:
    """`call(hits)`; where the prompt overflows, whole first passages are left out until it fits.

    Raises ContextOverflowError where it does not fit without any.
    """
    while True:
        try:
            return await call(hits)
        except ContextOverflowError:
            if not hits:
                raise
            hits = hits[1:]


def trajectory_of(item: Item, verifier: str) -> Trajectory:
    """The item, which must be a trajectory. Raises VerifierError."""
    if isinstance(item, Trajectory):
        return item
    given = "a hit" if isinstance(item, Hit) else "a step alone"
    raise VerifierError(f"{verifier} judges trajectories, and was given {given}")


def ids(hits: Sequence[Hit]) -> tuple[str, ...]:
    """What tells evidence apart: its passages, in order."""
    return tuple(hit.passage.id for hit in hits)
