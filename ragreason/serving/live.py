"""A run under way, heard by any number of followers, from any event on."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from ragreason.events import TraceEvent
from ragreason.serving.store import RunRecord

Numbered = tuple[int, TraceEvent]


@dataclass(eq=False)
class Live:
    """A run at work. Its events are numbered from `first` on, those of earlier sessions before.

    `record` says how it stands; it is over, or paused, once `ended`.
    """

    record: RunRecord
    first: int = 0
    events: list[TraceEvent] = field(default_factory=list)
    task: "asyncio.Task[None] | None" = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, event: TraceEvent) -> int:
        """Let all followers know; gives the event's number."""
        self.events.append(event)
        self._wake()
        return self.first + len(self.events) - 1

    def end(self, record: RunRecord) -> None:
        """No more events come."""
        self.record = record
        self.ended.set()
        self._wake()

    async def follow(self, after: int = -1) -> AsyncGenerator[Numbered, None]:
        """Events of this session with a number above `after`, as they come, until it ends."""
        at = max(0, after + 1 - self.first)
        while True:
            more = self._more
            while at < len(self.events):
                yield self.first + at, self.events[at]
                at += 1
            if self.ended.is_set():
                return
            if more is self._more:
                await more.wait()

    def _wake(self) -> None:
        self._more.set()
        self._more = asyncio.Event()
