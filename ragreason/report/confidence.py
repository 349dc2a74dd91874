"""Whether a run's confidence can be trusted: reliability by bins, and risk over coverage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ragreason.evaluation.rows import is_error
from ragreason.evaluation.statistics import Floats, Interval
from ragreason.report.causes import is_right
from ragreason.report.estimate import estimate

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Answers of similar confidence: their mean confidence, and how many of them are right."""

    confidence: float
    right: Interval
    n: int


@dataclass(frozen=True)
class Calibration:
    """`error` is the expected calibration error, in [0, 1]; `coverage` and `risk` are points of the
    risk-coverage curve: of the most confident share of answers, how many are wrong.
    """

    bins: Sequence[Bin]
    error: float
    coverage: Sequence[float]
    risk: Sequence[float]
    n: int

    @property
    def area(self) -> float:
        """The area under risk over coverage: the lower, the better confidence sorts."""
        return float(np.trapezoid(self.risk, self.coverage))


def calibration(rows: Sequence[Mapping[str, Any]], bins: int = BINS) -> Calibration | None:
    """Over the rows with a confidence; None where fewer than two have one, or one lies outside of
    [0, 1], which is no confidence.

    Bins are of equal width, empty ones are left out; an answer of confidence 1 falls in the last.
    Answers of equal confidence are taken together, so order decides nothing. Source of the expected
    calibration error: Naeini et al., AAAI 2015; of the curve: El-Yaniv & Wiener, JMLR 11, 2010.
    """
    told = [r for r in rows if not is_error(r) and r.get("confidence") is not None]
    sure = np.array([float(row["confidence"]) for row in told])  # (rows,)
    if sure.size < 2 or sure.min() < 0 or sure.max() > 1:
        return None
    right = np.array([float(is_right(row)) for row in told])  # (rows,)
    places = np.minimum((sure * bins).astype(np.int64), bins - 1)
    found = [_bin(sure[places == i], right[places == i]) for i in np.unique(places)]
    error = sum(b.n * abs(b.confidence - b.right.value) for b in found) / sure.size
    coverage, risk = _risk(sure, right)
    return Calibration(found, float(error), coverage, risk, int(sure.size))


def _bin(sure: Floats, right: Floats) -> Bin:
    interval = estimate(right)
    assert interval is not None
    return Bin(float(sure.mean()), interval, int(sure.size))


def _risk(sure: Floats, right: Floats) -> tuple[list[float], list[float]]:
    """A point wherever the confidence changes, most confident first; at most a few hundred."""
    order = np.argsort(-sure, kind="stable")
    wrong = np.cumsum(1 - right[order])
    ends = np.flatnonzero(np.append(np.diff(sure[order]) != 0, True))
    ends = ends[:: max(1, ends.size // 300)] if ends.size > 600 else ends
    if ends[-1] != sure.size - 1:
        ends = np.append(ends, sure.size - 1)
    return list((ends + 1) / sure.size), list(wrong[ends] / (ends + 1))
