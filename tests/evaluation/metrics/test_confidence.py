"""Calibration and risk against slow, plain versions."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from ragreason.evaluation.metrics.confidence import (
    BINS,
    area_under_risk_coverage,
    brier_score,
    expected_calibration_error,
    reliability,
    risk_coverage,
)

SURE = st.sampled_from([0.0, 0.1, 0.15, 0.5, 0.55, 0.9, 1.0])
PAIRS = st.lists(st.tuples(SURE, st.booleans()), min_size=1, max_size=6)


def parted(pairs: list[tuple[float, bool]]) -> tuple[list[float], list[float]]:
    return [sure for sure, _ in pairs], [float(right) for _, right in pairs]


def naive_ece(sure: list[float], right: list[float]) -> float:
    total = 0.0
    for place in range(BINS):
        low, high = place / BINS, (place + 1) / BINS
        inside = [i for i, c in enumerate(sure) if low < c <= high or (place == 0 and c == 0)]
        if inside:
            gap = sum(sure[i] for i in inside) - sum(right[i] for i in inside)
            total += abs(gap)
    return total / len(sure)


@settings(derandomize=True, deadline=None)
@given(PAIRS)
def test_ece_equals_the_naive_one(pairs: list[tuple[float, bool]]) -> None:
    sure, right = parted(pairs)
    assert expected_calibration_error(sure, right) == pytest.approx(naive_ece(sure, right))


@settings(derandomize=True, deadline=None, max_examples=40)
@given(PAIRS)
def test_aurc_is_the_mean_over_all_orders_of_equally_sure_answers(
    pairs: list[tuple[float, bool]],
) -> None:
    sure, right = parted(pairs)
    areas = []
    for order in permutations(range(len(pairs))):
        if all(sure[a] >= sure[b] for a, b in pairwise(order)):
            wrong = [1 - right[i] for i in order]
            areas.append(np.mean([sum(wrong[:k]) / k for k in range(1, len(wrong) + 1)]))
    assert area_under_risk_coverage(sure, right) == pytest.approx(np.mean(areas))


def test_worked_values() -> None:
    assert expected_calibration_error([0.9, 0.9], [1, 0]) == pytest.approx(0.4)
    assert area_under_risk_coverage([0.9, 0.1], [1, 0]) == pytest.approx(0.25)
    assert brier_score([0.9, 0.1], [1, 0]) == pytest.approx(0.01)
    assert risk_coverage([0.9, 0.5, 0.5], [1, 0, 1]) == [(1 / 3, 0.0), (1.0, 1 / 3)]


def test_a_perfect_forecaster_is_calibrated_and_a_boaster_is_not() -> None:
    random = np.random.default_rng(5)
    sure = random.random(20_000)
    right = (random.random(20_000) < sure).astype(float)
    assert expected_calibration_error(sure, right) < 0.02
    assert expected_calibration_error(np.sqrt(sure), right) > 0.1
    assert area_under_risk_coverage(sure, right) < area_under_risk_coverage(1 - sure, right)


def test_a_confidence_that_tells_nothing_gives_the_overall_risk() -> None:
    assert area_under_risk_coverage([0.5] * 4, [1, 0, 0, 1]) == pytest.approx(0.5)


def test_bins_hold_every_answer_once() -> None:
    found = reliability([0.0, 0.1, 0.1000001, 1.0], [0, 0, 1, 1])
    assert [(b.low, b.n) for b in found] == [(0.0, 2), (0.1, 1), (0.9, 1)]


@pytest.mark.parametrize(
    ("sure", "right"), [([], []), ([0.5], []), ([1.5], [1]), ([float("nan")], [1]), ([0.5], [2])]
)
def test_what_is_no_confidence_is_refused(sure: list[float], right: list[float]) -> None:
    with pytest.raises(ValueError, match="given"):
        expected_calibration_error(sure, right)
