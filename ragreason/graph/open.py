"""Names and folders to parts. Heavy libraries are imported when a part is first opened."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from ragreason.errors import ConfigError
from ragreason.graph.bind import MAIN, Parts
from ragreason.protocols import Embedder, EmbedKind, Floats, Generator, Retriever
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
    opener, folder = parts.open_retriever, parts.index
    embedder = parts.embedder or LateEmbedder(settings().embedder)
    if isinstance(index, str | Path):
        opener = _index_opener(Path(index), embedder)
        folder = _folder_opener(Path(index))
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
        embedder=embedder,
        open_retriever=opener,
        index=folder,
    )


def _engine(given: str | Generator) -> Generator:
    if not isinstance(given, str):
        return given
    from ragreason.generation.open import open_engine

    return open_engine(given)


def _folder_opener(path: Path) -> Callable[[], Any]:
    @cache
    def folder() -> Any:
        from ragreason.index.folder import open_index

        return open_index(path)

    return folder


def _index_opener(folder: Path, embedder: Embedder) -> Callable[[str], Retriever]:
    from ragreason.retrieval.open import open_retriever

    @cache
    def opener(kind: str) -> Retriever:
        return open_retriever(folder, kind=kind, embedder=embedder)

    return opener


@dataclass(frozen=True)
class LateEmbedder:
    """The embedder called `chosen`, fetched and opened when something first needs it.

    One is opened a name, shared by retrievers, verifiers and citations: their calls coalesce.
    """

    chosen: str

    @property
    def name(self) -> str:
        """The embedder's."""
        return _embedder(self.chosen).name

    @property
    def dim(self) -> int:
        """The embedder's."""
        return _embedder(self.chosen).dim

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        """As the embedder."""
        embedder = await asyncio.to_thread(_embedder, self.chosen)
        return await embedder.embed(texts, kind)


@cache
def _embedder(name: str) -> Embedder:
    from ragreason.embedding.coalesce import coalescing
    from ragreason.embedding.open import open_embedder

    return coalescing(open_embedder(name))
