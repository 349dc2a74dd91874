"""Tags around thoughts, searches, passages and answers, and how what a model wrote is read."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from pydantic import Field

from ragreason.errors import ConfigError
from ragreason.prompts import neutralise
from ragreason.types import StepKind

Tag = Annotated[str, Field(min_length=2, max_length=64)]
Pair = tuple[Tag, Tag]
"""How a part opens and closes."""


class Action(NamedTuple):
    """The first whole or open search or answer in a text. `end` is where its content ends."""

    kind: StepKind
    content: str
    end: int


@dataclass(frozen=True)
class Tags:
    """The four parts of a transcript. Raises ConfigError where two tags are the same, or one holds
    white space, which what makes texts inert would add for ever.
    """

    think: Pair = ("<think>", "</think>")
    search: Pair = ("<search>", "</search>")
    information: Pair = ("<information>", "</information>")
    answer: Pair = ("<answer>", "</answer>")

    def __post_init__(self) -> None:
        """Check that tags can be told apart."""
        if len(set(self.all)) < len(self.all):
            raise ConfigError(
                f"search_tags: every tag must differ; given {', '.join(map(repr, self.all))}"
            )
        if spaced := [tag for tag in self.all if any(map(str.isspace, tag))]:
            raise ConfigError(f"search_tags: a tag holds no white space; given {spaced[0]!r}")

    @property
    def all(self) -> tuple[str, ...]:
        """All eight tags."""
        return (*self.think, *self.search, *self.information, *self.answer)

    @property
    def stops(self) -> tuple[str, ...]:
        """What ends a step: a closed action, or passages, which the model must not write itself."""
        return (self.search[1], self.answer[1], *self.information)

    def inert(self, text: str) -> str:
        """Untrusted text with these tags, and any special tokens, made harmless.

        A tag that is not of the usual form gets a blank: "[SEARCH]" becomes "[ SEARCH]".
        """
        text = neutralise(text)
        while found := next((tag for tag in self.all if tag in text), None):
            text = text.replace(found, f"{found[0]} {found[1:]}")
        return text

    def first_action(self, generated: str) -> Action | None:
        """The first search or answer with something in it, in generated text only.

        Its content ends at the next tag of any kind, or with the text: where a stop string or the
        length limit cut it, where it was never closed, and where tags are nested or crossed.
        """
        place = 0
        while (opened := self._next_open(generated, place)) is not None:
            kind, start = opened
            end = min(
                (at for tag in self.all if (at := generated.find(tag, start)) >= 0), default=-1
            )
            end = len(generated) if end < 0 else end
            content = " ".join(generated[start:end].split())
            if content:
                return Action(kind, content, end)
            place = start
        return None

    def _next_open(self, text: str, place: int) -> tuple[StepKind, int] | None:
        """The kind of the next action that opens from `place` on, and where its content starts."""
        opens: list[tuple[int, StepKind, str]] = []
        pairs: tuple[tuple[StepKind, Pair], ...] = (
            ("search", self.search),
            ("answer", self.answer),
        )
        for kind, (tag, _) in pairs:
            at = text.find(tag, place)
            if at >= 0:
                opens.append((at, kind, tag))
        if not opens:
            return None
        at, kind, tag = min(opens)
        return kind, at + len(tag)
