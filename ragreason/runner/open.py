"""From a graph's name to a runner: engines, index and cache opened and bound."""

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragreason import spans
from ragreason.runner.runner import MAIN, Close, Runner
from ragreason.settings import Settings, load_settings
from ragreason.types import Message, Request

if TYPE_CHECKING:
    from ragreason.protocols import Generator, Retriever

_SHORTEST = Request(messages=(Message(role="user", content="."),), max_tokens=1)


def open_runner(
    graph: str | Path,
    *,
    model: "str | Generator | None" = None,
    index: "str | Path | Retriever | None" = None,
    models: "Mapping[str, str | Generator] | None" = None,
    retriever: str | None = None,
    overrides: Iterable[str] = (),
    allow_imports: Iterable[str] = (),
    settings: Settings | None = None,
    cache: bool = False,
    checkpointer: Any = None,
) -> Runner:
    """Load a graph, open its engine and index, and bind them.

    `graph` is a shipped graph's name or a file; `model` a catalogue name, a path, `openai:NAME` or
    an engine of yours; `index` a folder or a retriever of yours; `models` binds further names that
    the graph's nodes use. With `cache`, replies are kept on disk and the same requests answered by
    them, for engines that say what determines their replies. With a `checkpointer`, any LangGraph
    saver (`graph.checkpoint.open_checkpoints`), runs can pause and go on. Raises ConfigError for a
    wrong graph or index before a model is fetched.
    """
    from ragreason.generation.open import open_engine
    from ragreason.generation.stack import behind, open_cache
    from ragreason.graph.bind import Parts
    from ragreason.graph.fingerprint import fingerprints
    from ragreason.graph.library import read_nested
    from ragreason.graph.load import load_graph
    from ragreason.graph.open import LateEmbedder, open_parts
    from ragreason.prompts import prompts_hash

    overrides, allow_imports = tuple(overrides), tuple(allow_imports)
    nested = read_nested(graph, overrides, allow_imports)
    settings = settings or load_settings()
    if settings.tracing:
        spans.turn_on(content=settings.tracing_content)
    place = settings.index if index is None else index
    if isinstance(place, str | Path):
        retriever = retriever or settings.retriever
    parts = open_parts(Parts(embedder=LateEmbedder(settings.embedder)), None, place, {}, retriever)
    named = {MAIN: settings.model if model is None else model, **(models or {})}
    engines = {
        name: open_engine(given, settings) if isinstance(given, str) else given
        for name, given in named.items()
    }
    kept = open_cache(settings) if cache else None
    scheduled, schedulers = behind(engines, settings, kept)
    try:
        loaded = load_graph(
            graph,
            models=scheduled,
            parts=parts,
            overrides=overrides,
            allow_imports=allow_imports,
            checkpointer=checkpointer,
        )
    except BaseException:
        if kept is not None:
            kept.close()
        raise
    owned = [engines[name] for name, given in named.items() if isinstance(given, str)]
    identity = {
        "graph": loaded.definition.name,
        "graph_hash": loaded.graph_hash,
        "prompts_hash": prompts_hash(),
        **{f"model.{name}": engine.name for name, engine in engines.items()},
        "index": _index_identity(place),
        **{f"node.{name}": held for name, held in fingerprints(nested, allow_imports).items()},
    }
    links: list[Close] = [partial(asyncio.to_thread, close) for close in parts.closers]
    closers = (
        *(engine.aclose for engine in owned),
        *([] if kept is None else [kept.aclose]),
        *links,
    )
    starters = tuple(engine.start for engine in owned if hasattr(engine, "start"))
    local = [engine for engine in owned if hasattr(engine, "start")]
    warmers = tuple(partial(engine.generate, _SHORTEST) for engine in local)
    searcher = parts.retrievers.get(MAIN) if isinstance(place, str | Path) else None
    return Runner(loaded, identity, settings, closers, schedulers, starters, warmers, searcher)


def _index_identity(place: "str | Path | Retriever | None") -> str:
    """The hash of the index's manifest, or the retriever's name."""
    if isinstance(place, str | Path):
        return sha256((Path(place) / "manifest.json").read_bytes()).hexdigest()[:16]
    return "" if place is None else place.name
