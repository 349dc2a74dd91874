"""Exact search by inner product: FAISS's flat index over unit vectors."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ragreason.index.passages import Mask
from ragreason.index.rank import Ranked, in_order
from ragreason.protocols import Floats

_DECIMALS = 6  # BLAS gives the same inner product a last bit that depends on the batch


class FlatIndex:
    """Vectors of passages, searched exhaustively. Scores are cosines."""

    def __init__(self, vectors: Floats) -> None:
        import faiss

        self._size, dim = vectors.shape
        self._index: Any = faiss.IndexFlatIP(dim)
        self._index.add(np.ascontiguousarray(vectors))

    def search(self, queries: Floats, k: int, keep: Mask | None = None) -> list[Ranked]:
        """The best `k` rows a query vector, among those that `keep` marks, in one call.

        Scores are rounded to 6 decimals; equal ones keep the order of rows. A query of zeros finds
        nothing.
        """
        among = self._size if keep is None else int(keep.sum())
        filled = np.flatnonzero(np.abs(queries).sum(axis=1) > 0)
        found: list[Ranked] = [[] for _ in queries]
        depth = min(k, among)
        while depth and len(filled):
            scores, rows = self._index.search(
                queries[filled], min(depth + 1, among), params=_only(keep)
            )
            rounded = np.round(scores.astype(np.float64), _DECIMALS)  # (queries, depth + 1)
            for i, query in enumerate(filled):
                found[query] = in_order(rows[i].tolist(), rounded[i].tolist())[:k]
            tied = rounded[:, -1] >= rounded[:, min(k, among) - 1]
            if depth + 1 >= among:
                break
            filled, depth = filled[tied], depth * 4  # a tie at the bound: look further
        return found


def _only(keep: Mask | None) -> Any:
    if keep is None:
        return None
    library: Any = import_module("faiss")  # its stubs do not know its Python constructors
    bits = np.packbits(keep, bitorder="little")
    return library.SearchParameters(sel=library.IDSelectorBitmap(bits))


def read_vectors(path: Path) -> Floats:
    """(passages, dim) float32, memory-mapped, read-only."""
    vectors: Floats = np.load(path, mmap_mode="r", allow_pickle=False)
    return vectors


def write_vectors(path: Path, vectors: Floats) -> None:
    """Write (passages, dim) as float32 in NumPy's own format."""
    np.save(path, np.asarray(vectors, dtype=np.float32), allow_pickle=False)
