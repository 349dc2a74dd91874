"""Exact search by inner product: FAISS's flat index over unit vectors, on CPU or GPU."""

from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from ragreason.index.gpu import ERROR as GPU_ERROR, MOST_RESULTS, GPUIndex, gpus_for
from ragreason.index.passages import Mask
from ragreason.index.rank import Ranked, in_order
from ragreason.protocols import Floats

_DECIMALS = 6
_STEP = 10.0**-_DECIMALS
_CPU_ERROR = 1e-5  # of a sum in float32, whose last bits depend on the batch
_CELLS = 1 << 18  # 2 MiB of passages scored again at once: they stay in the cache


class FlatIndex:
    """Vectors of passages, searched exhaustively. Scores are cosines.

    FAISS finds candidates; their scores are computed again in float64. So hits are the same in any
    batch, on a CPU, on one GPU and on several, whose float16 only finds candidates.
    """

    def __init__(self, vectors: Floats, device: str = "cpu") -> None:
        """`device` is the setting `retrieval_device`."""
        self._vectors = vectors  # (passages, dim)
        self._making = Lock()
        self._cpu: Any = None
        gpus = gpus_for(device) if len(vectors) else []
        self._gpu = GPUIndex(_copy(vectors), gpus) if gpus else None

    def search(self, queries: Floats, k: int, keep: Mask | None = None) -> list[Ranked]:
        """The best `k` rows a query vector, among those that `keep` marks, in one call.

        Scores are rounded to 6 decimals; equal ones keep the order of rows. A query of zeros finds
        nothing.
        """
        among = len(self._vectors) if keep is None else int(keep.sum())
        filled = np.flatnonzero(np.abs(queries).sum(axis=1) > 0)
        found: list[Ranked] = [[] for _ in queries]
        depth = min(k, among)
        while depth and len(filled):
            asked = min(depth + 1, among)
            worst, rows, error = self._candidates(queries[filled], asked, keep)
            scores = self._scores(queries[filled], rows)  # (queries, asked)
            for i, query in enumerate(filled):
                found[query] = in_order(rows[i].tolist(), scores[i].tolist())[:k]
            if asked >= among:
                break
            bounds = np.array([found[query][-1][1] for query in filled])  # (queries,)
            filled = filled[worst + error + _STEP >= bounds]  # a better one may be left out
            depth *= 4
        return found

    def _candidates(self, queries: Floats, count: int, keep: Mask | None) -> tuple[Any, Any, float]:
        """The least of the best `count` scores, (queries,), their rows, and by how much it errs."""
        if self._gpu is not None and keep is None and count <= MOST_RESULTS:
            scores, rows = self._gpu.search(queries, count)
            return scores[:, -1], rows, GPU_ERROR
        scores, rows = self._on_cpu().search(queries, count, params=_only(keep))
        return scores[:, -1], rows, _CPU_ERROR

    def _scores(self, queries: Floats, rows: Any) -> Any:
        """(queries, candidates) cosines, rounded."""
        parts = []
        size = max(1, _CELLS // (rows.shape[1] * self._vectors.shape[1]))
        for first in range(0, len(queries), size):
            part = slice(first, first + size)
            passages = self._vectors[rows[part]].astype(np.float64)  # (queries, candidates, dim)
            parts.append(passages @ queries[part].astype(np.float64)[:, :, None])
        return np.round(np.concatenate(parts)[:, :, 0], _DECIMALS)

    def _on_cpu(self) -> Any:
        with self._making:
            if self._cpu is None:
                self._cpu = _copy(self._vectors)
            return self._cpu


def _copy(vectors: Floats) -> Any:
    library: Any = import_module("faiss")
    index = library.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    return index


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
