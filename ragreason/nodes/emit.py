"""Say what happens, through LangGraph's custom stream."""

from ragreason.events import TraceEvent
from ragreason.ledger import current


def emit(event: TraceEvent) -> None:
    """Send the event to whoever streams this run, stamped with the question's time.

    Does nothing outside of a run, so nodes can be called alone.
    """
    from langgraph.config import get_stream_writer

    try:
        write = get_stream_writer()
    except (RuntimeError, KeyError):
        return
    meter = current()
    write(event if meter is None else event.model_copy(update={"at_s": round(meter.question_s, 3)}))
