"""Thinking told apart from the answer in a model's text, whole or as it comes."""

from collections.abc import Sequence
from typing import NamedTuple


class Tags(NamedTuple):
    """What a model's thinking stands between."""

    opening: str
    closing: str


THINK = Tags("<think>", "</think>")
KNOWN = (
    THINK,
    Tags("<thinking>", "</thinking>"),
    Tags("<thought>", "</thought>"),
    Tags("<reasoning>", "</reasoning>"),
    Tags("<seed:think>", "</seed:think>"),
    Tags("[THINK]", "[/THINK]"),
    Tags("◁think▷", "◁/think▷"),
    Tags("<|START_THINKING|>", "<|END_THINKING|>"),
)
"""The tags of DeepSeek-R1, Qwen3, GLM and others; of Seed-OSS, Magistral, Kimi and Command A."""


class Split(NamedTuple):
    """A text in its two parts."""

    reasoning: str
    answer: str


class Splitter:
    """Splits a text that comes in pieces. `feed` and `finish` give the answer's new text, so that
    it can be shown at once; what the pieces are makes no difference to the result.

    `begun` True: the text starts inside the thinking, as the prompt's template has opened it; None:
    perhaps it does, so nothing is given out before a tag or the end tells. Inner tags of the same
    kind are counted and left out. Thinking that is never closed is all thinking; where only inner
    tags were closed, the answer begins behind the last of them. A closing tag without an opening
    one is left out. White space around the thinking is no part of the answer, but between two parts
    of it.
    """

    def __init__(self, *, begun: bool | None = False, known: Sequence[Tags] = KNOWN) -> None:
        self._known = tuple(known)
        self._inside = self._known[0] if begun else None
        self._depth = int(bool(begun))
        self._undecided = begun is None
        self._unread = ""
        self._held = ""
        self._strips = bool(begun)
        self._said = False
        self._reasoning: list[str] = []
        self._tail: str | None = None

    @property
    def reasoning(self) -> str:
        """The thinking up to now, without white space around it."""
        return "".join(self._reasoning).strip()

    def feed(self, text: str) -> str:
        """Take in the next piece."""
        self._unread += text
        return self._read(last=False)

    def finish(self) -> str:
        """The rest, at the text's end."""
        answer = self._read(last=True)
        if self._inside is not None and self._tail is not None:
            whole = "".join(self._reasoning)
            self._reasoning = [whole[: len(whole) - len(self._tail)]]
            return answer + self._tail.lstrip()
        held, self._held = self._held, ""
        return answer + ("" if self._strips else held)

    def _read(self, *, last: bool) -> str:
        given = ""
        while True:
            at, tag = self._next_tag()
            if not tag:
                at = len(self._unread) - (0 if last else self._unsure())
            given += self._take(self._unread[:at])
            self._unread = self._unread[at + len(tag) :]
            if not tag:
                return given
            given += self._turn(tag)

    def _wanted(self) -> tuple[str, ...]:
        pairs = self._known if self._inside is None else (self._inside,)
        return tuple(tag for pair in pairs for tag in pair)

    def _next_tag(self) -> tuple[int, str]:
        found = [(at, tag) for tag in self._wanted() if (at := self._unread.find(tag)) >= 0]
        return min(found, default=(0, ""))

    def _unsure(self) -> int:
        """How many characters at the end may be the beginning of a tag."""
        starts = {tag[:n] for tag in self._wanted() for n in range(1, len(tag))}
        return max((len(s) for s in starts if self._unread.endswith(s)), default=0)

    def _take(self, text: str) -> str:
        """Text without tags: kept as thinking, or given out, white space once text follows it."""
        if self._inside is not None:
            self._reasoning.append(text)
            self._tail = None if self._tail is None else self._tail + text
            return ""
        text = self._held + text
        if self._undecided:
            self._held = text
            return ""
        if self._strips:
            text = text.lstrip()
        shown = text.rstrip() if text.rstrip() else ""
        self._held = text[len(shown) :]
        self._strips = self._strips and not shown
        self._said = self._said or bool(shown)
        return shown

    def _turn(self, tag: str) -> str:
        """Go in or out of the thinking; gives text that this shows to be the answer's."""
        if self._inside is not None:
            opens = tag == self._inside.opening
            self._depth += 1 if opens else -1
            self._tail = None if opens else ""
            if self._depth == 0:
                self._inside, self._tail, self._strips = None, None, True
            return ""
        held, self._held = self._held, ""
        undecided, self._undecided = self._undecided, False
        opened = next((pair for pair in self._known if tag == pair.opening), None)
        if opened is not None:
            self._inside, self._depth = opened, 1
            if self._reasoning:
                self._reasoning.append("\n")
            self._said = self._said or (undecided and bool(held.strip()))
            return held if self._said else ""
        if undecided:
            self._reasoning.append(held)
            self._strips = True
        else:
            self._held = held
        return ""


def split_thinking(text: str, *, begun: bool | None = None, known: Sequence[Tags] = KNOWN) -> Split:
    """The thinking and the answer of a whole text.

    "<think>a</think> b" and "a</think>b" give ("a", "b"); "b" alone is an answer.
    """
    splitter = Splitter(begun=begun, known=known)
    answer = splitter.feed(text) + splitter.finish()
    return Split(splitter.reasoning, answer)
