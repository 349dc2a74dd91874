"""A graph's run, listened to from its first step to its answer, or to where it pauses."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from ragreason.events import TraceEvent
from ragreason.graph.loaded import LoadedGraph
from ragreason.state import State

OnEvent = Callable[[TraceEvent], None]


@dataclass
class Followed:
    """What came of a run. `inside` tells the last answer, if a graph inside this one gave it."""

    final: State = field(default_factory=State)
    events: list[TraceEvent] = field(default_factory=list)
    inside: TraceEvent | None = None


async def follow(
    graph: LoadedGraph,
    given: Any,
    config: Any,
    on_event: OnEvent | None = None,
    pause_before: Sequence[str] = (),
) -> Followed:
    """Run the graph on `given`, its input or None to go on from a checkpoint.

    `on_event` is told every event as it happens, "token" events too, which are not kept; those of a
    graph inside this one are not told, as its answer is not this one's.
    """
    found = Followed()
    stream = graph.astream(
        given,
        config,
        stream_mode=["custom", "values"],
        subgraphs=True,
        interrupt_before=list(pause_before) or None,
    )
    async with aclosing(stream):
        async for namespace, mode, payload in stream:
            if mode == "custom" and isinstance(payload, TraceEvent):
                _hear(found, payload, on_event, nested=bool(namespace))
            elif mode == "values" and not namespace:
                found.final = payload
    return found


def _hear(found: Followed, event: TraceEvent, on_event: OnEvent | None, *, nested: bool) -> None:
    if event.kind == "token":
        if nested:
            return
    else:
        found.events.append(event)
    if event.kind == "answer":
        found.inside = event if nested else None
    if on_event is not None:
        on_event(event)
