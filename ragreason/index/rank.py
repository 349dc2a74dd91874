"""The best rows by score, ties in corpus order."""

from collections.abc import Sequence

import numpy as np

from ragreason.index.passages import Mask
from ragreason.protocols import Floats

Ranked = list[tuple[int, float]]
"""(row, score), best first."""


def best(scores: Floats, among: Mask, k: int) -> Ranked:
    """The `k` best of the rows that `among` marks; equal scores keep the order of rows.

    [1, 3, 1, 3] with k = 3 gives rows 1, 3, 0.
    """
    rows = np.flatnonzero(among)
    values = scores[rows]
    if k < len(rows):
        bound = np.partition(values, len(values) - k)[len(values) - k]
        rows, values = rows[values >= bound], values[values >= bound]
    order = np.argsort(-values, kind="stable")[:k]
    return [(int(rows[i]), float(values[i])) for i in order]


def in_order(rows: Sequence[int], scores: Sequence[float]) -> Ranked:
    """Rows sorted by score, best first, equal scores by row."""
    return sorted(zip(rows, scores, strict=True), key=lambda pair: (-pair[1], pair[0]))
