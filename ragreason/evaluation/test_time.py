"""What n recorded samples of a question say of k <= n: pass@k, best-of-k, majority@k, weighted@k.

Each estimator takes one question's samples and gives the expected value of a strategy that sees k
of them, drawn without replacement and in random order: all n count, whatever k is, and none for
coming first. Samples are exchangeable, so a tie, which the strategies give to the answer seen
first, goes to each of the tied samples with the same probability.

`values` holds what each sample's answer is worth: 1 or 0, or any score such as F1. All arrays are
(samples,). Means over questions, with their intervals, are `statistics.bootstrap_interval`'s.
"""

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

from ragreason.evaluation.statistics import Floats, Values

SUBSETS = 5_000
_TIE = 1e-9


def pass_at_k(right: Sequence[bool], k: int) -> float:
    """How likely at least one of k samples is right: 1 - C(n - c, k) / C(n, k), c of n being right.

    Raises ValueError unless 1 <= k <= n. One of four right gives 0.5 for k = 2. Source: Codex,
    arXiv 2107.03374, equation 1.
    """
    n = _checked(k, right)
    wrong = n - sum(map(bool, right))
    return 1 - comb(wrong, k) / comb(n, k)


def best_of_k(values: Values, scores: Values, k: int) -> float:
    """The expected value of the best-scored of k samples.

    The sample of rank r by score, from 1, is the best of C(n - r, k - 1) of the C(n, k) subsets;
    those with equal scores share their ranks. Raises ValueError unless 1 <= k <= n and there are as
    many scores as values. Values (1, 0, 0) and scores (0.9, 0.5, 0.1) give 2/3 for k = 2.
    """
    n = _checked(k, values, scores)
    worth, score = np.asarray(values, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    chances = np.array([comb(n - rank, k - 1) / comb(n, k) for rank in range(1, n + 1)])
    order = np.argsort(-score, kind="stable")
    _, starts = np.unique(-score[order], return_index=True)  # where each group of equals begins
    groups = zip(np.split(worth[order], starts[1:]), np.split(chances, starts[1:]), strict=True)
    return float(sum(tied.mean() * shared.sum() for tied, shared in groups))


def majority_at_k(
    answers: Sequence[str], values: Values, k: int, *, subsets: int = SUBSETS, seed: int = 0
) -> float:
    """The expected value of the answer that most of k samples give.

    `answers` are canonical; an empty one does not vote, and wins only where all are. The mean is
    over all C(n, k) subsets where those are at most `subsets`, else over as many drawn by `seed`.
    Raises ValueError unless 1 <= k <= n and there are as many answers as values. Answers (a, a, b)
    of values (1, 1, 0) give 2/3 for k = 2: one pair gives 1, two are ties and give 1/2.
    """
    return weighted_at_k(answers, values, np.ones(len(answers)), k, subsets=subsets, seed=seed)


def weighted_at_k(
    answers: Sequence[str],
    values: Values,
    scores: Values,
    k: int,
    *,
    subsets: int = SUBSETS,
    seed: int = 0,
) -> float:
    """The expected value of the answer whose samples, of k, have the highest sum of scores.

    As `majority_at_k`, which it is where all scores are 1. Where sums are equal, each answer wins
    as often as one of its samples comes first. Source: arXiv 2211.14275.
    """
    n = _checked(k, answers, values, scores)
    names, which = np.unique(np.asarray(answers, dtype=np.str_), return_inverse=True)
    given = (which[:, None] == np.arange(names.size)).astype(np.float64)  # (samples, names)
    drawn = _subsets(n, k, subsets, seed)  # (subsets, k)
    counts = given[drawn].sum(axis=1)  # (subsets, names)
    sums = (given * np.asarray(scores, dtype=np.float64)[:, None])[drawn].sum(axis=1)
    worth = (given * np.asarray(values, dtype=np.float64)[:, None])[drawn].sum(axis=1)
    votes = np.where(counts > 0, sums, -np.inf)
    silent = (names == "") & (counts.sum(axis=1, keepdims=True) > counts)
    votes = np.where(silent, -np.inf, votes)
    wins = votes >= votes.max(axis=1, keepdims=True) - _TIE
    return float(((worth * wins).sum(axis=1) / (counts * wins).sum(axis=1)).mean())


def _subsets(n: int, k: int, at_most: int, seed: int) -> npt.NDArray[np.int64]:
    """All k-subsets of n samples, or `at_most` random ones: (subsets, k) positions."""
    if comb(n, k) <= at_most:
        return np.array(list(combinations(range(n), k)), dtype=np.int64)
    order = np.random.default_rng(seed).random((at_most, n)).argsort(axis=1)
    return order[:, :k].astype(np.int64)


def _checked(k: int, *arrays: Sequence[object] | Floats) -> int:
    n, *others = map(len, arrays)
    if any(other != n for other in others):
        raise ValueError(f"one of each is needed for every sample; given {[n, *others]}")
    if not 1 <= k <= n:
        raise ValueError(f"k lies between 1 and the number of samples, {n}; given {k}")
    return n
