"""The smallest difference that a comparison of a size can find."""

import numpy as np
import pytest

from ragreason.evaluation.power import minimal_detectable_difference
from ragreason.evaluation.statistics import paired_permutation_test


def test_the_worked_value() -> None:
    half = [0.0, 1.0] * 100
    assert minimal_detectable_difference(half) == pytest.approx(0.140, abs=5e-4)


def test_four_times_the_questions_halve_it() -> None:
    few, many = (minimal_detectable_difference([0.0, 1.0] * n) for n in (100, 400))
    assert few is not None
    assert many == pytest.approx(few / 2, rel=0.01)


def test_pairing_makes_it_smaller() -> None:
    random = np.random.default_rng(1)
    hard = random.random(300)
    other = np.clip(hard + random.normal(0, 0.05, 300), 0, 1)
    paired = minimal_detectable_difference(hard, other)
    unpaired = minimal_detectable_difference(hard)
    assert paired is not None
    assert unpaired is not None
    assert paired < unpaired / 4


def test_a_question_alone_says_nothing() -> None:
    assert minimal_detectable_difference([1.0]) is None


def test_a_difference_of_that_size_is_found_four_times_of_five() -> None:
    random = np.random.default_rng(5)
    spread = random.normal(0, 0.3, 100_000)
    size = minimal_detectable_difference(spread[:200], np.zeros(200))
    assert size is not None
    found = sum(
        paired_permutation_test(random.normal(size, 0.3, 200), np.zeros(200), seed=i, samples=400)
        <= 0.05
        for i in range(400)
    )
    assert 0.72 <= found / 400 <= 0.88


def test_the_spread_is_that_of_the_population_not_of_the_sample() -> None:
    # variance 1/2 of two values 0 and 1, not 1/4: 2.8016 sqrt(2) sqrt(1/2) / sqrt(2)
    assert minimal_detectable_difference([0.0, 1.0]) == pytest.approx(1.9810, abs=5e-4)
