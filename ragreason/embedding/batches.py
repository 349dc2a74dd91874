"""Embedding of many texts, with progress."""

from collections.abc import Callable, Sequence

import numpy as np

from ragreason.protocols import Embedder, Floats

_SLICE = 256


async def embed_passages(
    embedder: Embedder, texts: Sequence[str], progress: Callable[[int, int], None] | None = None
) -> Floats:
    """(texts, dim) unit rows, in the order of `texts`; `progress` hears (done, all).

    Works through the texts from the longest to the shortest: batches hold texts of one length, so
    little is spent on padding, and what is too big for the memory shows at once.
    """
    vectors = np.zeros((len(texts), embedder.dim), dtype=np.float32)
    order = sorted(range(len(texts)), key=lambda i: (-len(texts[i]), i))
    for first in range(0, len(order), _SLICE):
        rows = order[first : first + _SLICE]
        vectors[rows] = await embedder.embed([texts[i] for i in rows], "passage")
        if progress is not None:
            progress(first + len(rows), len(order))
    return vectors
