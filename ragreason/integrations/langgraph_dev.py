"""The shipped graphs for LangGraph's own server: `langgraph.json` names each as `NAME` here.

Model, index and retriever are those of the settings (`RAGREASON_MODEL`, `RAGREASON_INDEX`, ...).
"""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from ragreason.graph.checkpoint import STORED
from ragreason.graph.library import read_nested, shipped_graphs
from ragreason.graph.load import load_graph
from ragreason.graph.loaded import LoadedGraph
from ragreason.protocols import Generator
from ragreason.settings import settings

Factory = Callable[[], Awaitable[LoadedGraph]]
_making = threading.Lock()
"""A cache does not keep two threads from making the same thing at once."""


@cache
def loaded(name: str) -> LoadedGraph:
    """The shipped graph, bound once; all share one engine. Raises ConfigError as `load_graph`."""
    place = settings()
    return load_graph(
        name,
        models=_engines(),
        index=place.index,
        retriever=place.retriever if place.index is not None else None,
    )


@cache
def _engines() -> dict[str, Generator]:
    from ragreason.generation.open import open_engine
    from ragreason.generation.stack import behind

    place = settings()
    scheduled, _ = behind({"main": open_engine(place.model, place)}, place, None)
    return dict(scheduled)


def factory(name: str) -> Factory:
    """What LangGraph's server calls for the graph."""

    async def make() -> LoadedGraph:
        return await asyncio.to_thread(_one_at_a_time, name)

    make.__name__ = name
    make.__doc__ = f"The shipped graph `{name}`."
    return make


def _one_at_a_time(name: str) -> LoadedGraph:
    with _making:
        return loaded(name)


def configuration() -> dict[str, Any]:
    """What `langgraph.json` holds: each graph that answers, and the types that checkpoints hold.

    `python -m ragreason.integrations.langgraph_dev > langgraph.json` writes it.
    """
    answering = [n for n in shipped_graphs() if read_nested(n).definition.gives == "answer"]
    types = [[kind.__module__, kind.__name__] for kind in STORED]
    return {
        "$schema": "https://langgra.ph/schema.json",
        "dependencies": ["."],
        "graphs": {name: f"ragreason.integrations.langgraph_dev:{name}" for name in answering},
        "checkpointer": {"serde": {"allowed_msgpack_modules": types}},
    }


globals().update({name: factory(name) for name in shipped_graphs()})

if __name__ == "__main__":
    print(json.dumps(configuration(), indent=2))
