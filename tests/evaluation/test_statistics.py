from itertools import product

import numpy as np
import pytest

from ragreason.evaluation.statistics import (
    Interval,
    bootstrap_interval,
    paired_interval,
    paired_permutation_test,
)


def test_same_seed_same_interval() -> None:
    values = np.random.default_rng(1).random(50).tolist()
    assert bootstrap_interval(values, seed=3) == bootstrap_interval(values, seed=3)
    assert bootstrap_interval(values, seed=3) != bootstrap_interval(values, seed=4)


def test_equal_values_have_no_width() -> None:
    assert bootstrap_interval([0.5] * 20) == Interval(0.5, 0.5, 0.5)


def test_agrees_with_the_exact_bootstrap_of_three_values() -> None:
    values = [0.0, 0.4, 1.0]
    means = [sum(draw) / 3 for draw in product(values, repeat=3)]
    low, high = np.quantile(means, [0.1, 0.9])
    interval = bootstrap_interval(values, level=0.8)
    assert interval.value == pytest.approx(1.4 / 3)
    assert interval.low == pytest.approx(low, abs=0.07)
    assert interval.high == pytest.approx(high, abs=0.07)


def test_width_is_that_of_the_normal_approximation() -> None:
    values = [1.0] * 120 + [0.0] * 280
    interval = bootstrap_interval(values)
    half = 1.96 * (0.3 * 0.7 / 400) ** 0.5
    assert interval.low == pytest.approx(0.3 - half, abs=0.006)
    assert interval.high == pytest.approx(0.3 + half, abs=0.006)


def test_chunks_do_not_change_the_length(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).random(30).tolist()
    whole = bootstrap_interval(values, samples=5_000)
    monkeypatch.setattr("ragreason.evaluation.statistics._CHUNK", 100)
    parts = bootstrap_interval(values, samples=5_000)
    assert parts.value == whole.value
    assert parts.low == pytest.approx(whole.low, abs=0.01)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(7)
    runs = 400
    covered = 0
    for seed in range(runs):
        low, high = bootstrap_interval(
            random.binomial(1, 0.4, 200).tolist(), seed=seed, samples=600
        )[1:]
        covered += low <= 0.4 <= high
    assert 0.92 <= covered / runs <= 0.98


def test_pairing_removes_what_questions_share() -> None:
    hard = np.random.default_rng(2).random(100)
    better = (hard + 0.1).tolist()
    difference = paired_interval(better, hard.tolist())
    assert difference.value == pytest.approx(0.1)
    assert difference.high - difference.low < 1e-9
    assert bootstrap_interval(better).high - bootstrap_interval(better).low > 0.05


def test_unpaired_lengths_and_no_values_are_refused() -> None:
    with pytest.raises(ValueError, match="3 values can't be paired with 2"):
        paired_interval([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="no values"):
        bootstrap_interval([])


def test_permutation_is_exact_for_few_questions() -> None:
    # of the 8 sign patterns of (1, 1, 1) two reach |3|
    assert paired_permutation_test([1, 1, 1], [0, 0, 0]) == 0.25
    assert paired_permutation_test([1, 0, 1, 5], [0, 0, 0, 5]) == 0.5
    assert paired_permutation_test([1, 2], [1, 2]) == 1.0


def test_drawn_permutations_agree_with_exact_ones() -> None:
    random = np.random.default_rng(5)
    values, others = random.random(12).tolist(), random.random(12).tolist()
    exact = paired_permutation_test(values, others, samples=4_096)
    drawn = paired_permutation_test(values, others, samples=4_095)
    assert drawn == pytest.approx(exact, abs=0.03)


def test_false_alarms_are_as_rare_as_the_level_says() -> None:
    random = np.random.default_rng(11)
    alarms = sum(
        paired_permutation_test(
            random.normal(size=40).tolist(), random.normal(size=40).tolist(), seed=i, samples=400
        )
        <= 0.05
        for i in range(600)
    )
    assert 0.03 <= alarms / 600 <= 0.07
