"""What strategies achieve on a simulated reasoner, computed without drawing anything.

`shares` is always how likely one sample is to give each answer, the right one first: what
`SimulatedReasoner.answers` gives. Samples are independent. Ties go to the answer seen first, as in
the strategies: among tied answers that is each one in proportion to how often it was given.
"""

from collections.abc import Iterator, Sequence
from math import comb, exp, inf, isinf, lgamma, log
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_NORMAL = NormalDist()
_TIE = 1e-12


def right_probability(p: float, depth: int, recovery: float = 0.0) -> float:
    """How likely a trajectory of `depth` steps ends on track: p^depth without recovery.

    (0.8, 2) gives 0.64, with recovery 0.5 it is 0.64 + 0.2 * 0.5 = 0.74.
    """
    right = 1.0
    for _ in range(depth):
        right = right * p + (1 - right) * recovery
    return right


def majority_accuracy(shares: Sequence[float], n: int) -> float:
    """Majority vote of `n` samples: the sum over all multinomial counts, ties by first seen.

    Given the counts, each of the tied answers is as likely to have come first. (0.5, 0.5) gives 0.5
    for any n; (0.6, 0.4) gives 0.648 for n = 3. Source: arXiv 2203.11171.
    """
    total = 0.0
    for counts, chance in _multinomial(shares, n):
        most = max(counts)
        if counts[0] == most:
            total += chance / counts.count(most)
    return total


def best_of_n_accuracy(right: float, n: int, d_prime: float = inf) -> float:
    """Best of `n` by a `SimulatedVerifier`, where one sample is right with probability `right`.

    The highest of n scores is a right one's: n q times the integral of the right ones' density at z
    times (q F_right(z) + (1 - q) F_wrong(z))^(n - 1). Useless verifiers give q, perfect ones
    1 - (1 - q)^n. Exact up to the quadrature's error, below 1e-6.
    """
    if isinf(d_prime):
        return float(1 - (1 - right) ** n)
    z = np.linspace(-9 - d_prime / 2, 9 + d_prime / 2, 4001)
    below = right * _cdf(z - d_prime / 2) + (1 - right) * _cdf(z + d_prime / 2)
    density = np.exp(-0.5 * (z - d_prime / 2) ** 2) / np.sqrt(2 * np.pi)
    return float(n * right * np.sum(density * below ** (n - 1)) * (z[1] - z[0]))


def weighted_best_of_n_accuracy(
    shares: Sequence[float], n: int, d_prime: float = inf, cells: int = 512
) -> float:
    """Weighted best of `n` by a `SimulatedVerifier`: the answer with the highest sum of scores.

    For each vector of counts the sums' distributions are convolutions of one score's, held in
    `cells` equal cells of [0, 1]; the error is about n / cells at most in score, some 1e-3 in
    accuracy, and falls with `cells`. Source: arXiv 2211.14275.
    """
    if isinf(d_prime):
        return best_of_n_accuracy(shares[0], n)
    right = _sums(_score_masses(d_prime, cells), n)
    wrong = _sums(_score_masses(-d_prime, cells), n)
    return sum(
        chance * _right_wins(right[counts[0]], [wrong[k] for k in counts[1:] if k])
        for counts, chance in _multinomial(shares, n)
        if counts[0]
    )


def binary_weighted_accuracy(
    shares: Sequence[float],
    n: int,
    hit: float,
    false_alarm: float,
    scores: tuple[float, float] = (0.0, 1.0),
) -> float:
    """Weighted best of `n` by a `SimulatedBinaryVerifier`: the exact sum over all counts of answers
    passed and failed. Ties by first seen.
    """
    rates = [hit] + [false_alarm] * (len(shares) - 1)
    cells = [s * r for s, rate in zip(shares, rates, strict=True) for r in (rate, 1 - rate)]
    total = 0.0
    for counts, chance in _multinomial(cells, n):
        passed, failed = counts[0::2], counts[1::2]
        given = [p + f for p, f in zip(passed, failed, strict=True)]
        sums = [scores[1] * p + scores[0] * f for p, f in zip(passed, failed, strict=True)]
        most = max(s for s, g in zip(sums, given, strict=True) if g)
        tied = [g for s, g in zip(sums, given, strict=True) if g and s > most - _TIE]
        if given[0] and sums[0] > most - _TIE:
            total += chance * given[0] / sum(tied)
    return total


def beam_accuracy(p: float, depth: int, width: int, branching: int) -> float:
    """Beam search by perfect step scores, without recovery: the chain of how many of the `width`
    kept branches are on track. The root opens width * branching.
    """
    kept = np.zeros(width + 1)  # kept[k]: chance that k branches are on track
    kept[width] = 1.0
    for _ in range(depth):
        after = np.zeros(width + 1)
        for k, chance in enumerate(kept):
            for hits in range(k * branching + 1):
                drawn = comb(k * branching, hits) * p**hits * (1 - p) ** (k * branching - hits)
                after[min(hits, width)] += chance * drawn
        kept = after
    return float(1 - kept[0])


def dvts_accuracy(p: float, depth: int, subtrees: int, branching: int) -> float:
    """DVTS by perfect step scores, without recovery: each of the independent subtrees goes on where
    one of its `branching` continuations is on track.
    """
    one = (1 - (1 - p) ** branching) ** depth
    return float(1 - (1 - one) ** subtrees)


def _multinomial(shares: Sequence[float], n: int) -> Iterator[tuple[list[int], float]]:
    """Every vector of counts that sums to n, with its probability; impossible ones left out."""
    possible = [i for i, share in enumerate(shares) if share > 0]
    logs = [log(shares[i]) for i in possible]
    for parts in _compositions(n, len(possible)):
        counts = [0] * len(shares)
        for i, part in zip(possible, parts, strict=True):
            counts[i] = part
        odds = sum(k * lg - lgamma(k + 1) for k, lg in zip(parts, logs, strict=True))
        yield counts, exp(lgamma(n + 1) + odds)


def _compositions(n: int, parts: int) -> Iterator[tuple[int, ...]]:
    if parts == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in _compositions(n - first, parts - 1):
            yield (first, *rest)


def _score_masses(d_prime: float, cells: int) -> Floats:
    """How likely a score falls in each cell of [0, 1]: (cells,). Negative d' for what is wrong."""
    edges = [_NORMAL.inv_cdf(i / cells) for i in range(1, cells)]
    below = [0.0, *(_NORMAL.cdf(edge - d_prime / 2) for edge in edges), 1.0]
    return np.diff(np.array(below))


def _sums(masses: Floats, n: int) -> list[Floats]:
    """The distribution of the sum of 0, 1, ..., n scores, in the cells of one score.

    Cell j of a sum of c scores stands for (j + c / 2) / cells, so every list is put on a grid of
    half cells: entry i stands for i / (2 cells). All have the same length.
    """
    size = 2 * n * masses.size + 1
    found, running = [], np.ones(1)
    for count in range(n + 1):
        grid = np.zeros(size)
        places = 2 * np.arange(running.size) + count
        grid[places] = running
        found.append(grid)
        running = np.convolve(running, masses)
    return found


def _right_wins(right: Floats, others: Sequence[Floats]) -> float:
    """How likely `right` is the highest; where cells are equal, halves: they are not true ties."""
    below = np.ones(right.size)
    for other in others:
        below *= np.cumsum(other) - other / 2
    return float(right @ below)


def _cdf(z: Floats) -> Floats:
    return np.array([_NORMAL.cdf(x) for x in z])
