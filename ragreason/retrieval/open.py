"""A retriever over an index folder, by name."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, cast

from ragreason import registry
from ragreason.embedding.coalesce import coalescing
from ragreason.embedding.open import open_embedder
from ragreason.index.folder import open_index
from ragreason.protocols import Embedder, Retriever
from ragreason.retrieval.coalesce import CoalescingRetriever
from ragreason.settings import Settings, settings


def open_retriever(
    index_dir: Path,
    kind: str | None = None,
    configuration: Settings | None = None,
    *,
    embedder: Embedder | None = None,
    allow_imports: Collection[str] = (),
) -> Retriever:
    """The retriever registered as `kind` over the index at `index_dir`.

    `kind` and the embedder are by default those of the settings. A retriever class takes `index`,
    and `embedder` if it searches by vectors; the embedder is opened only then. Concurrent searches
    become one. Raises IndexFolderError (missing, damaged, other version or embedder) and
    UnknownNameError.
    """
    chosen = configuration or settings()
    part = registry.load("retrievers", kind or chosen.retriever, allow_imports)
    index = open_index(index_dir)
    parts: dict[str, Any] = {"index": index}
    if "embedder" in registry.injected(part):
        parts["embedder"] = coalescing(embedder or open_embedder(chosen.embedder))
    return CoalescingRetriever(cast(Retriever, part(**parts)))
