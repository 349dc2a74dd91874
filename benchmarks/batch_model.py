"""What an engine's measured rates allow: the time that calls take in one running batch.

An engine steps: a step reads at most `ROOM` new prompt tokens, first come first, and writes one
token for each reply under way. Reading costs by the token, writing by how many replies are written
at once. Nothing else takes time: no search, no orchestration, no gap between two calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

ROOM = 256
"""Tokens of a step, as the embedded engine is set."""


class Call(NamedTuple):
    """Prompt tokens that had to be read, those of the prefix cache left out; tokens written."""

    read: int
    written: int


Course = Sequence[Call]
"""The calls of one question, one after the other."""


@dataclass(frozen=True)
class Rates:
    """`read_s`: seconds a prompt token. `steps_s`: replies written at once to seconds a step."""

    read_s: float
    steps_s: dict[float, float]

    def step_s(self, batch: int) -> float:
        """Seconds of a step that writes `batch` tokens; between two measured sizes in proportion,
        beyond the largest as between the last two, below the smallest as the smallest.
        """
        if not batch:
            return 0.0
        sizes = sorted(self.steps_s)
        if batch <= sizes[0] or len(sizes) == 1:
            return self.steps_s[sizes[0]]
        above = next((i for i, size in enumerate(sizes) if size >= batch), len(sizes) - 1)
        low, high = sizes[above - 1], sizes[above]
        share = (batch - low) / (high - low)
        return self.steps_s[low] + share * (self.steps_s[high] - self.steps_s[low])


@dataclass
class _Running:
    calls: list[Call]
    read: int = 0
    written: int = 0

    @property
    def unread(self) -> int:
        return self.calls[0].read - self.read if self.calls else 0

    def write(self) -> None:
        """One token; after a call's last one the next call begins."""
        self.written += 1
        if self.written >= self.calls[0].written:
            self.calls.pop(0)
            self.read = self.written = 0


def together(courses: Sequence[Course], rates: Rates) -> float:
    """Seconds if all questions are there from the start and none waits for another."""
    running = [_Running([call for call in course if call.written]) for course in courses]
    seconds = 0.0
    while running := [one for one in running if one.calls]:
        writing = [one for one in running if not one.unread]
        room = max(1, ROOM - len(writing))
        for one in running:
            taken = min(room, one.unread)
            one.read += taken
            room -= taken
            seconds += taken * rates.read_s
        seconds += rates.step_s(len(writing))
        for one in writing:
            one.write()
    return seconds


def one_by_one(courses: Sequence[Course], rates: Rates) -> float:
    """Seconds if each question waits for the one before it."""
    return sum(together([course], rates) for course in courses)


def in_rounds(courses: Sequence[Course], rates: Rates) -> float:
    """Seconds if each round of calls waits for the slowest of the round before."""
    rounds = zip_longest(*courses)
    return sum(together([[call] for call in calls if call], rates) for calls in rounds)
