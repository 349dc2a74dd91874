"""How sure a figure is: bootstrap over questions, and tests on paired questions.

The unit is the question: repeated seeds are averaged within each before anything here sees them
(`figures.question_values`), which resamples questions with all their seeds, as clusters.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Values = Sequence[float] | Floats

SAMPLES = 10_000
SMALL = 200
"""Questions below which figures are marked: their intervals were not shown to cover the truth."""
_FEW_DISCORDANT = 25
_CHUNK = 4_000_000  # resampled values held at once: 32 MB
_MANY = 10_000_000  # drawn values from which on it pays to count distinct ones
_DISTINCT = 300  # distinct values up to which that is faster than drawing
_MOST, _FEWEST = 100_000_000, 1_000  # values drawn in all, and samples however many those are
_TIES = 1e-9


class Interval(NamedTuple):
    """A mean and where it lies at the given level, 95 % unless told."""

    value: float
    low: float
    high: float


class McNemar(NamedTuple):
    """Questions that only the one got right, that only the other did, and the p-value of no
    difference.
    """

    first: int
    second: int
    p: float


def bootstrap_interval(
    values: Values, *, seed: int = 0, level: float = 0.95, samples: int = SAMPLES
) -> Interval:
    """The mean of one value a question, with its percentile bootstrap interval.

    Questions are drawn with replacement `samples` times, from 10,000 questions on less often, where
    draws hardly differ any more. Same values, same seed, same interval.
    It is too narrow below some 30 questions. Raises ValueError for no values.
    Source: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    array = np.asarray(values, dtype=np.float64)  # (questions,)
    if array.size == 0:
        raise ValueError("no values to take a mean of")
    means = _resampled_means(array, np.random.default_rng(seed), samples)
    tail = (1 - level) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(array.mean()), float(low), float(high))


def paired_interval(
    values: Values,
    others: Values,
    *,
    seed: int = 0,
    level: float = 0.95,
    samples: int = SAMPLES,
) -> Interval:
    """The mean of `values` minus that of `others`, question by question, with its interval.

    Both hold the same questions in the same order; ValueError otherwise. Pairing takes out how
    hard the questions are, so it is narrower than two separate intervals suggest.
    """
    return bootstrap_interval(
        paired_differences(values, others), seed=seed, level=level, samples=samples
    )


def paired_permutation_test(
    values: Values, others: Values, *, seed: int = 0, samples: int = SAMPLES
) -> float:
    """Two-sided p-value of no difference: the signs of the paired differences are flipped.

    Exact over all 2^n flips where those are at most `samples`. Else flips are drawn, the observed
    one counts as drawn too, so that p is never 0, and others as extreme as it count half (mid-p):
    right and wrong answers have so many of them that the test would else raise fewer false alarms
    than its level says and miss more. Source: Fisher, The Design of Experiments, 1935, 21;
    Lancaster, Journal of the American Statistical Association 56, 1961.
    """
    differences = paired_differences(values, others)
    differences = differences[differences != 0]  # flipping a zero changes nothing
    count = differences.size
    if count == 0:
        return 1.0
    observed = abs(differences.sum())
    if 2**count <= samples:
        flips = (np.arange(2**count)[:, None] >> np.arange(count)) & 1  # (flips, differences)
        sums = np.abs((1 - 2 * flips) @ differences)
        return float(np.mean(sums >= observed - _TIES))
    further, same = _extreme_flips(differences, observed, np.random.default_rng(seed), samples)
    return (further + same / 2 + 1) / (samples + 1)


def mcnemar(values: Values, others: Values) -> McNemar | None:
    """McNemar's two-sided test of paired right (1) and wrong (0) answers; None for other values.

    Exact below 25 discordant pairs, else by the chi-squared distribution, uncorrected. Source:
    McNemar, Psychometrika 12, 1947; Fagerland et al., BMC Medical Research Methodology 13, 2013.
    8 pairs only the first got right and 2 only the second give p = 0.109.
    """
    differences = paired_differences(values, others)
    if not set(np.unique(np.concatenate([values, others]))) <= {0.0, 1.0}:
        return None
    first, second = int((differences > 0).sum()), int((differences < 0).sum())
    discordant = first + second
    if discordant < _FEW_DISCORDANT:
        tail = sum(math.comb(discordant, i) for i in range(min(first, second) + 1))
        p = min(1.0, 2 * tail / 2**discordant)
    else:
        p = math.erfc(abs(first - second) / math.sqrt(2 * discordant))
    return McNemar(first, second, p)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values of several tests, corrected so that all together keep their level, in order.

    The i-th smallest of m is multiplied by m - i + 1, and none is smaller than one before it or
    larger than 1. Source: Holm, Scandinavian Journal of Statistics 6, 1979. [0.01, 0.04, 0.03]
    gives [0.03, 0.06, 0.06].
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for i, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - i) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def paired_differences(values: Values, others: Values) -> Floats:
    """`values` minus `others`, question by question. ValueError unless they are equally many."""
    if len(values) != len(others):
        raise ValueError(f"{len(values)} values can't be paired with {len(others)}")
    return np.asarray(values, dtype=np.float64) - np.asarray(others, dtype=np.float64)


def _resampled_means(values: Floats, random: np.random.Generator, samples: int) -> Floats:
    if values.size * samples > _MANY:
        distinct, counts = np.unique(values, return_counts=True)
        if distinct.size <= _DISTINCT:  # the same draw, by how often each value comes
            drawn = random.multinomial(values.size, counts / values.size, size=samples)
            return np.asarray(drawn @ distinct / values.size)  # (samples, distinct) -> (samples,)
        samples = min(samples, max(_FEWEST, _MOST // values.size))
    means = np.empty(samples)
    for start, stop in _chunks(samples, values.size):
        drawn = random.integers(0, values.size, (stop - start, values.size), dtype=np.int32)
        means[start:stop] = values[drawn].mean(axis=1)  # (samples, questions) -> (samples,)
    return means


def _extreme_flips(
    differences: Floats,
    observed: float,
    random: np.random.Generator,
    samples: int,
) -> tuple[int, int]:
    """How many flips go further than the observed one, and how many as far."""
    further = same = 0
    for start, stop in _chunks(samples, differences.size):
        signs = random.integers(0, 2, (stop - start, differences.size), dtype=np.int8) * 2 - 1
        beyond = np.abs(signs @ differences) - observed
        further += int(np.sum(beyond > _TIES))
        same += int(np.sum(np.abs(beyond) <= _TIES))
    return further, same


def _chunks(samples: int, size: int) -> list[tuple[int, int]]:
    step = max(1, _CHUNK // size)
    return [(start, min(start + step, samples)) for start in range(0, samples, step)]
