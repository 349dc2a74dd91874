"""What happened on the way to an answer, as lines for a client that shows reasoning."""

from ragreason.events import TraceEvent


def line_of(event: TraceEvent) -> str:
    """A line, "" for events that say nothing to a reader."""
    match event.kind:
        case "search":
            titles = ", ".join(hit.passage.title for hit in event.hits) or "nothing"
            return f"Searched for {event.query}: {titles}\n"
        case "step" if event.step is not None:
            return f"{event.step.text.strip()}\n" if event.step.text.strip() else ""
        case "thinking":
            return f"{event.text.strip()}\n" if event.text.strip() else ""
        case "forced":
            return f"Ended early: {event.text}\n"
    return ""
