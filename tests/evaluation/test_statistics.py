import tracemalloc
from itertools import product
from math import comb

import numpy as np
import pytest

from ragreason.evaluation.statistics import (
    Interval,
    bootstrap_interval,
    mcnemar,
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


def test_of_drawn_permutations_those_as_extreme_count_half() -> None:
    # 16 signs of which 12 are one way: binomial, P(more) + P(as many) / 2, both ways
    p = paired_permutation_test([1] * 12 + [0] * 4, [0] * 12 + [1] * 4, samples=40_000)
    further = 2 * sum(comb(16, i) for i in range(4)) / 2**16
    same = 2 * comb(16, 4) / 2**16
    assert p == pytest.approx(further + same / 2, abs=0.006)
    assert further + same > p + 0.02


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        (8, 2, 0.109375),  # binomial: 2 (1 + 10 + 45) / 1024
        (0, 5, 0.0625),
        (3, 3, 1.0),
        (0, 0, 1.0),
        (59, 6, 4.9e-11),  # chi-squared 43.2
        (30, 20, 0.157299),  # chi-squared 2
    ],
)
def test_mcnemar_is_exact_for_few_discordant_pairs_and_else_chi_squared(
    first: int, second: int, p: float
) -> None:
    values = [1] * first + [0] * second + [1] * 40 + [0] * 30
    others = [0] * first + [1] * second + [1] * 40 + [0] * 30
    found = mcnemar(values, others)
    assert found is not None
    assert (found.first, found.second) == (first, second)
    assert found.p == pytest.approx(p, rel=0.02)


def test_mcnemar_is_for_right_and_wrong_only() -> None:
    assert mcnemar([1, 0.5], [0, 1]) is None


def test_many_equal_values_are_drawn_by_their_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [1.0] * 90 + [0.5] * 60 + [0.0] * 150
    slow = bootstrap_interval(values)
    monkeypatch.setattr("ragreason.evaluation.statistics._MANY", 0)
    fast = bootstrap_interval(values)
    assert fast == bootstrap_interval(values)
    assert fast.value == slow.value
    assert fast.low == pytest.approx(slow.low, abs=0.005)
    assert fast.high == pytest.approx(slow.high, abs=0.005)


def test_many_different_values_take_little_memory() -> None:
    values = np.random.default_rng(0).integers(0, 20_000, 100_000).astype(np.float64)
    tracemalloc.start()
    interval = bootstrap_interval(values)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 200e6
    half = 1.96 * values.std() / values.size**0.5
    assert interval.high - interval.low == pytest.approx(2 * half, rel=0.1)


def test_a_hundred_thousand_questions_have_the_interval_of_the_normal_distribution() -> None:
    interval = bootstrap_interval([1.0] * 30_000 + [0.0] * 70_000)
    half = 1.96 * (0.3 * 0.7 / 100_000) ** 0.5
    assert interval.high - interval.low == pytest.approx(2 * half, rel=0.05)


def simulated_f1(random: np.random.Generator, count: int, hard: np.ndarray) -> np.ndarray:
    """Zero for many, one for some, in between for the rest: `hard` is the chance of zero."""
    kinds = random.random((count, hard.shape[-1]))
    between = random.beta(2, 2, kinds.shape)
    return np.where(kinds < hard, 0.0, np.where(kinds < hard + 0.25, 1.0, between))


@pytest.mark.parametrize("chance", [0.1, 0.5])
def test_the_interval_of_exact_match_covers_the_truth(chance: float) -> None:
    random = np.random.default_rng(1)
    runs = [(random.random(200) < chance).astype(float) for _ in range(500)]
    covered = 0
    for i, run in enumerate(runs):
        _, low, high = bootstrap_interval(run, seed=i, samples=1_000)
        covered += low <= chance <= high
    assert 0.92 <= covered / len(runs) <= 0.985  # 500 runs: 0.95 give or take 3 standard errors


def test_the_interval_of_f1_covers_the_truth() -> None:
    random = np.random.default_rng(2)
    hard = np.full(200, 0.5)
    truth = 0.25 + 0.25 * 0.5
    runs = simulated_f1(random, 500, hard)
    covered = 0
    for i, run in enumerate(runs):
        _, low, high = bootstrap_interval(run, seed=i, samples=1_000)
        covered += low <= truth <= high
    assert 0.92 <= covered / len(runs) <= 0.98


@pytest.mark.parametrize("kind", ["em", "f1"])
def test_false_alarms_are_as_rare_as_the_level_says(kind: str) -> None:
    """Two equally good systems on the same questions, of which some are hard for both."""
    random = np.random.default_rng(11)
    alarms = 0
    for i in range(800):
        hard = random.beta(1, 1, 200) * (1.0 if kind == "em" else 0.75)
        if kind == "em":
            ours, theirs = random.random((2, 200)) > hard
        else:
            ours, theirs = simulated_f1(random, 2, hard)
        alarms += paired_permutation_test(ours, theirs, seed=i, samples=500) <= 0.05
    assert 0.027 <= alarms / 800 <= 0.073  # 0.05 give or take 3 standard errors


def test_seeds_counted_as_questions_would_make_too_narrow_intervals() -> None:
    """Five seeds of each question: the mean over them is the unit."""
    random = np.random.default_rng(3)
    covered = naive = 0
    for i in range(300):
        right = random.random((200, 1)) < 0.5
        rows = np.where(random.random((200, 5)) < 0.1, ~right, right).astype(float)
        _, low, high = bootstrap_interval(rows.mean(axis=1), seed=i, samples=500)
        covered += low <= 0.5 <= high
        _, low, high = bootstrap_interval(rows.ravel(), seed=i, samples=500)
        naive += low <= 0.5 <= high
    assert covered / 300 >= 0.91
    assert naive / 300 <= 0.8
