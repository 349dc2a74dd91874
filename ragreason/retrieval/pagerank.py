"""Personalised PageRank by power iteration, for many restarts at once."""

from math import ceil, log
from typing import Any

import numpy as np

from ragreason.errors import ConfigError
from ragreason.index.links import Weights

_PRECISION = 1e-12
_MOST_DAMPING = 0.99
"""Nearer to 1 a walk takes millions of steps."""


def personalised_pagerank(weights: Any, restarts: Weights, damping: float = 0.5) -> Weights:
    """(nodes, restarts) probabilities of a random walk that starts again at a column of `restarts`.

    `weights` is a symmetric sparse (nodes, nodes) array, not negative; at each step the walk
    follows a link with probability `damping`, in proportion to its weight, or else starts again. At
    a node without links it always does. A column of `restarts` (nodes, restarts) sums to anything:
    one of zeros gives zeros, any other sums to 1. Exact to about 1e-12, and no column depends on
    the others, after at most 2,750 steps. Raises ConfigError unless 0 <= damping <= 0.99.
    Source: Haveliwala, WWW 2002; over passages and entities: HippoRAG, arXiv 2405.14831.
    """
    if not 0 <= damping <= _MOST_DAMPING:
        raise ConfigError(f"damping is {damping}, expected 0 to {_MOST_DAMPING}")
    from scipy.sparse import diags_array

    strength = np.asarray(weights.sum(axis=0))  # (nodes,)
    out = np.divide(1.0, strength, out=np.zeros_like(strength), where=strength > 0)
    steps = weights @ diags_array(out)  # columns sum to 1, or to 0 where nothing leads on
    start = normalised(restarts)
    walked = start
    for _ in range(ceil(log(_PRECISION) / log(damping)) if damping else 0):
        walked = (1 - damping) * start + damping * (steps @ walked)
    return normalised(walked)  # what was lost at dead ends started again


def normalised(columns: Weights) -> Weights:
    """Columns that sum to 1; those of zeros stay."""
    rows = np.ascontiguousarray(columns.T)  # how NumPy adds up a column depends on their number
    total = rows.sum(axis=1)
    scaled: Weights = np.divide(columns, total, out=np.zeros_like(columns), where=total > 0)
    return scaled
