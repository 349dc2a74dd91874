"""What one sequence of the running batch is to become, and what has become of it."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ragreason.generation.seeds import mixed
from ragreason.generation.transformers_sampling import Draw
from ragreason.generation.transformers_text import GrowingText
from ragreason.types import Request


@dataclass(eq=False)
class Job:
    """A request on its way. `deliver` is called from the worker's thread: with texts, and last with
    the rows, the scores, or an error. `continuations` are token ids to score instead of generating.
    """

    request: Request
    prompt: list[int]
    most: int
    deliver: Callable[[Any], None]
    streamed: bool = False
    continuations: list[list[int]] | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    rows: "list[Row]" = field(default_factory=list)

    def hear(self, reply: Any) -> None:
        """A reply: a text of a stream, or the last one."""
        if not isinstance(reply, str):
            self.over.set()
        self.deliver(reply)

    @property
    def samples(self) -> int:
        """How many are generated: greedy ones are all the same."""
        return 1 if self.request.temperature == 0 else self.request.n


@dataclass(eq=False)
class Row:
    """One sample of a job: its tokens, what is known of them, and how the next one is drawn."""

    job: Job
    number: int
    text: GrowingText
    matcher: Any = None
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    likeliest: list[list[tuple[int, float]]] = field(default_factory=list)
    finished: bool = False
    stopped: bool = False
    sent: str = ""

    def __post_init__(self) -> None:
        """Its own stream of random numbers: by seed and number, never by its neighbours."""
        self._random = random.Random(mixed(self.job.request.seed, self.number))

    def draw(self) -> Draw:
        """How the next token is chosen; draws a number where it is sampled."""
        request = self.job.request
        point = self._random.random() if request.temperature > 0 else 0.0
        return Draw(request.temperature, request.top_p, point)

    def add(self, token: int, *, ends: bool) -> None:
        """The next token; `ends` says that it ends the reply."""
        self.ids.append(token)
        if not ends:
            self.text.add(token)
            if self.matcher is not None:
                self.matcher.accept_token(token)
        self.stopped = ends or self.text.stopped
        self.finished = self.stopped or len(self.ids) >= self.job.most

    def news(self) -> str:
        """Text that was not sent yet and won't change."""
        shown = self.text.text if self.finished else self.text.shown
        new, self.sent = shown[len(self.sent) :], max(shown, self.sent, key=len)
        return new
