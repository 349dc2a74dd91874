"""Whether a run's confidence can be trusted: bins with intervals, and risk over coverage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ragreason.evaluation.metrics import confidence as measures
from ragreason.evaluation.statistics import Interval
from ragreason.report.causes import is_right
from ragreason.report.estimate import estimate

_MOST_POINTS = 500


@dataclass(frozen=True)
class Bin:
    """Answers of similar confidence: their mean confidence, and how many of them are right."""

    confidence: float
    right: Interval
    n: int


@dataclass(frozen=True)
class Calibration:
    """Over `n` answers: `error` is the expected calibration error, `area` that under risk over
    coverage, of whose `points` there are at most some hundreds.
    """

    bins: Sequence[Bin]
    error: float
    brier: float
    area: float
    points: Sequence[measures.Point]
    n: int


def calibration(rows: Sequence[Mapping[str, Any]]) -> Calibration | None:
    """Over the rows that have a confidence and are known to be right or wrong; None where fewer
    than two are, or one's confidence lies outside of [0, 1], which is none.
    """
    told = [
        (float(row["confidence"]), float(good))
        for row in rows
        if row.get("confidence") is not None and (good := is_right(row)) is not None
    ]
    if len(told) < 2 or not all(0 <= sure <= 1 for sure, _ in told):
        return None
    sure, right = (np.asarray(values, dtype=np.float64) for values in zip(*told, strict=True))
    return Calibration(
        bins=[_bin(found) for found in measures.reliability(sure, right)],
        error=measures.expected_calibration_error(sure, right),
        brier=measures.brier_score(sure, right),
        area=measures.area_under_risk_coverage(sure, right),
        points=_thinned(measures.risk_coverage(sure, right)),
        n=len(told),
    )


def _bin(found: measures.Bin) -> Bin:
    right = round(found.accuracy * found.n)
    interval = estimate([1.0] * right + [0.0] * (found.n - right))
    assert interval is not None
    return Bin(found.confidence, interval, found.n)


def _thinned(points: Sequence[measures.Point]) -> Sequence[measures.Point]:
    """Some hundreds of very many points, the last among them."""
    step = -(-len(points) // _MOST_POINTS)
    return [*points[:-1:step], points[-1]]
