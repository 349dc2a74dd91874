"""Names and folders to parts. Heavy libraries are imported when a part is first opened."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from ragreason.errors import ConfigError
from ragreason.graph.bind import MAIN, Parts
from ragreason.protocols import Embedder, Generator, Retriever
from ragreason.settings import settings


def open_parts(
    parts: Parts,
    model: str | Generator | None,
    index: str | Path | Retriever | None,
    models: Mapping[str, str | Generator],
    retriever: str | Retriever | None,
) -> Parts:
    """`parts` with what the arguments name opened and added. Raises ConfigError."""
    named = {**({MAIN: model} if model is not None else {}), **models}
    engines = {**parts.engines, **{name: _engine(given) for name, given in named.items()}}
    retrievers = dict(parts.retrievers)
    opener = parts.open_retriever
    if isinstance(index, str | Path):
        opener = _index_opener(Path(index), parts.embedder)
        kind = retriever if isinstance(retriever, str) else settings().retriever
        retrievers[MAIN] = opener(kind)
    elif index is not None:
        retrievers[MAIN] = index
    elif isinstance(retriever, str):
        raise ConfigError(f"the retriever '{retriever}' needs an index; give --index DIR")
    if retriever is not None and not isinstance(retriever, str):
        retrievers[MAIN] = retriever
    return replace(
        parts,
        engines=engines,
        retrievers=retrievers,
        open_retriever=opener,
        open_embedder=parts.open_embedder or open_default_embedder,
    )


def _engine(given: str | Generator) -> Generator:
    if not isinstance(given, str):
        return given
    from ragreason.generation.open import open_engine

    return open_engine(given)


def _index_opener(folder: Path, embedder: Embedder | None) -> Callable[[str], Retriever]:
    from ragreason.retrieval.open import open_retriever

    @cache
    def opener(kind: str) -> Retriever:
        return open_retriever(folder, kind=kind, embedder=embedder)

    return opener


@cache
def open_default_embedder() -> Embedder:
    """The settings' embedder, for verifiers and citations; opened once."""
    from ragreason.embedding.open import open_embedder

    return open_embedder(settings().embedder)
