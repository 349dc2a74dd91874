"""Whether confidence says how often an answer is right, and whether it tells right from wrong.

`confidences` are in [0, 1], `right` is 1 or 0 (any value in [0, 1], such as F1, will do), both
(questions,). Raises ValueError for lengths that differ, for none, and for confidences elsewhere.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ragreason.evaluation.statistics import Floats, Values

BINS = 10


class Bin(NamedTuple):
    """Answers whose confidence lies in (low, high], the first bin also at 0."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


def reliability(confidences: Values, right: Values, bins: int = BINS) -> list[Bin]:
    """Mean confidence and accuracy of the answers in each of `bins` equal widths that has any.

    Source: Guo et al., ICML 2017, arXiv 1706.04599.
    """
    sure, good = _checked(confidences, right)
    edges = np.linspace(0.0, 1.0, bins + 1)
    which = np.clip(np.searchsorted(edges, sure, side="left") - 1, 0, bins - 1)  # (questions,)
    return [
        Bin(
            float(edges[place]),
            float(edges[place + 1]),
            int(inside.sum()),
            float(sure[inside].mean()),
            float(good[inside].mean()),
        )
        for place in range(bins)
        if (inside := which == place).any()
    ]


def expected_calibration_error(confidences: Values, right: Values, bins: int = BINS) -> float:
    """The mean gap between confidence and accuracy over the bins, weighted by their answers; 0 is
    best. Confidences (0.9, 0.9) of one right and one wrong answer give 0.4.

    It depends on `bins`, and falls by chance alone with more answers: compare at equal n.
    """
    found = reliability(confidences, right, bins)
    total = sum(some.n for some in found)
    return sum(some.n * abs(some.confidence - some.accuracy) for some in found) / total


def brier_score(confidences: Values, right: Values) -> float:
    """The mean squared gap between confidence and being right; 0 is best. Source: Brier, 1950."""
    sure, good = _checked(confidences, right)
    return float(np.mean((sure - good) ** 2))


class Point(NamedTuple):
    """Answering only the surest `coverage` of the questions, a `risk` of them is wrong."""

    coverage: float
    risk: float


def risk_coverage(confidences: Values, right: Values) -> list[Point]:
    """The risk at each coverage that a threshold on the confidence can give, least coverage first.

    Equally sure answers are taken together, so that their order plays no part. Source: El-Yaniv &
    Wiener, JMLR 11, 2010.
    """
    groups = _groups(confidences, right)
    total = groups[-1].stop
    return [Point(group.stop / total, group.wrong / group.stop) for group in groups]


def area_under_risk_coverage(confidences: Values, right: Values) -> float:
    """AURC: the mean risk over the coverages 1/n, 2/n, ... 1; 0 is best, and a confidence that
    tells nothing gives the overall share of wrong answers.

    Among equally sure answers the expectation over their orders is taken. Source: Geifman et al.,
    ICLR 2019, arXiv 1805.08206. Confidences (0.9, 0.1), the first right: risks 0 and 1/2, mean 1/4.
    """
    groups = _groups(confidences, right)
    area, before = 0.0, _Group(0, 0.0)
    for group in groups:
        share = (group.wrong - before.wrong) / (group.stop - before.stop)
        places = np.arange(1, group.stop - before.stop + 1)  # of the group's answers
        area += float(((before.wrong + share * places) / (before.stop + places)).sum())
        before = group
    return area / before.stop


class _Group(NamedTuple):
    """With the answers down to one confidence: how many there are, and how many are wrong."""

    stop: int
    wrong: float


def _groups(confidences: Values, right: Values) -> list[_Group]:
    """Of equally sure answers, surest first."""
    sure, good = _checked(confidences, right)
    order = np.argsort(-sure, kind="stable")
    wrong = np.cumsum(1.0 - good[order])  # (questions,)
    _, starts = np.unique(-sure[order], return_index=True)
    stops = [*map(int, starts[1:]), sure.size]
    return [_Group(stop, float(wrong[stop - 1])) for stop in stops]


def _checked(confidences: Values, right: Sequence[float] | Floats) -> tuple[Floats, Floats]:
    sure = np.asarray(confidences, dtype=np.float64)
    good = np.asarray(right, dtype=np.float64)
    if sure.shape != good.shape or sure.ndim != 1 or not sure.size:
        raise ValueError(
            f"one confidence is needed for each answer, at least one; given {sure.size} for "
            f"{good.size}"
        )
    for name, values in (("confidences", sure), ("right", good)):
        if not ((values >= 0) & (values <= 1)).all():
            raise ValueError(f"{name} lie between 0 and 1; given {values.min()} to {values.max()}")
    return sure, good
