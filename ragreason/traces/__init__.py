"""Past runs: stored as files, read again, and their searches put together as trees."""

from ragreason.traces.files import TraceHead, heads, load, save
from ragreason.traces.searches import Search, SearchNode, searches

__all__ = ["Search", "SearchNode", "TraceHead", "heads", "load", "save", "searches"]
