"""Trajectories as reward models read them."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from ragreason.prompts import show_passages
from ragreason.text.passages import mended
from ragreason.types import Step, Trajectory

_SPECIAL = re.compile(r"<(?=\|[^|<>\s]{1,60}\|>|/?s>)|\[(?=/?INST\])")

Message = dict[str, str]
BETWEEN = "\n\n"
"""What stands between the steps where a model scores the whole."""


@dataclass(frozen=True)
class Reading:
    """One trajectory to be scored: a question and its steps' texts, without what a model would read
    as a special token or as the end of a step.
    """

    question: str
    steps: tuple[str, ...]

    def joined(self, between: str, after: str = "") -> str:
        """The steps, with `between` between them and `after` behind the last."""
        return between.join(self.steps) + after

    def chat(self, between: str, after: str, system: str) -> list[Message]:
        """The question as the user's message, all steps as one of the assistant."""
        head = [{"role": "system", "content": system}] if system else []
        return [
            *head,
            {"role": "user", "content": self.question},
            {"role": "assistant", "content": self.joined(between, after)},
        ]

    def turns(self, good: str, system: str) -> list[Message]:
        """Each step as a message of the user, all but the last called `good` by the assistant.

        The first one begins with the question. Source: RLHFlow's process reward models.
        """
        messages = [{"role": "system", "content": system}] if system else []
        for number, step in enumerate(self.steps):
            if number:
                messages.append({"role": "assistant", "content": good})
            text = step if number else f"{self.question} {step}"
            messages.append({"role": "user", "content": text})
        return messages


def reading(
    question: str, trajectory: Trajectory, marks: Collection[str], *, evidence: bool
) -> Reading:
    """The trajectory as a reward model reads it; `marks` are what must not occur in it.

    A step is its text, with `evidence` followed by the passages that its search found.
    """
    told = [_told(step, evidence=evidence) for step in trajectory.steps]
    return Reading(escaped(question.strip(), marks), tuple(escaped(text, marks) for text in told))


def escaped(text: str, marks: Collection[str]) -> str:
    """The text with a space behind the first character of each mark, and of what looks like a
    special token; a mark of one character becomes a space, one of white space a single space.

    ("a<e>b</s>", ["<e>"]) gives "a< e>b< /s>". Lone surrogates become U+FFFD.
    """
    clean = _SPECIAL.sub(lambda found: found[0] + " ", mended(text))
    for mark in sorted(filter(None, marks), key=len, reverse=True):
        bare = mark.strip()  # white space around it would hide what is replaced
        while bare and bare in clean:
            clean = clean.replace(bare, f"{bare[0]} {bare[1:]}" if len(bare) > 1 else " ")
        if not bare:
            clean = re.sub(f"(?:{re.escape(mark)})+", " ", clean)
    return clean.strip()


def _told(step: Step, *, evidence: bool) -> str:
    text = step.text.strip() or step.answer.strip()
    shown = show_passages(step.hits) if evidence and step.hits else ""
    return f"{text}\n{shown}" if shown else text
