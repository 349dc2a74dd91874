"""The closed forms against every sequence of samples, and against what is known without them."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import inf, prod

import numpy as np
import pytest

from ragreason.simulation import (
    auc_of,
    beam_accuracy,
    best_of_n_accuracy,
    binary_weighted_accuracy,
    dvts_accuracy,
    majority_accuracy,
    weighted_best_of_n_accuracy,
)

SHARES = (0.35, 0.4, 0.2, 0.05)
Sample = tuple[int, float]
"""An answer, 0 being the right one, and its score."""


def enumerated(
    outcomes: Sequence[tuple[Sample, float]], n: int, pick: Callable[[Sequence[Sample]], int]
) -> float:
    """How likely `pick` takes answer 0 from n independent samples: over every sequence of them."""
    chosen = product(outcomes, repeat=n)
    return sum(
        prod(chance for _, chance in one) for one in chosen if pick([s for s, _ in one]) == 0
    )


def heaviest(samples: Sequence[Sample]) -> int:
    """The answer with the highest sum of scores; the first seen of equals."""
    sums: dict[int, float] = {}
    for answer, score in samples:
        sums[answer] = sums.get(answer, 0.0) + score
    return max(sums, key=sums.__getitem__)


def votes() -> list[tuple[Sample, float]]:
    return [((answer, 1.0), share) for answer, share in enumerate(SHARES)]


def binary(hit: float, alarm: float, scores: tuple[float, float]) -> list[tuple[Sample, float]]:
    def each() -> Iterator[tuple[Sample, float]]:
        for answer, share in enumerate(SHARES):
            rate = alarm if answer else hit
            yield (answer, scores[1]), share * rate
            yield (answer, scores[0]), share * (1 - rate)

    return list(each())


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_majority_is_the_sum_over_all_sequences(n: int) -> None:
    assert majority_accuracy(SHARES, n) == pytest.approx(enumerated(votes(), n, heaviest))


def test_majority_of_two_answers_is_known() -> None:
    assert majority_accuracy((0.6, 0.4), 3) == pytest.approx(0.648)
    assert majority_accuracy((0.5, 0.5), 8) == pytest.approx(0.5)
    assert majority_accuracy((1.0, 0.0), 5) == pytest.approx(1.0)
    assert majority_accuracy((0.0, 0.5, 0.5), 4) == 0.0


@pytest.mark.parametrize("scores", [(0.0, 1.0), (0.25, 0.75), (0.5, 0.5)])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_weighted_by_pass_or_fail_is_the_sum_over_all_sequences(
    n: int, scores: tuple[float, float]
) -> None:
    expected = enumerated(binary(0.7, 0.2, scores), n, heaviest)
    assert binary_weighted_accuracy(SHARES, n, 0.7, 0.2, scores) == pytest.approx(expected)


def test_equal_scores_make_a_weighted_vote_a_majority_vote() -> None:
    for n in (1, 4, 7):
        expected = pytest.approx(majority_accuracy(SHARES, n))
        assert binary_weighted_accuracy(SHARES, n, 0.9, 0.1, (0.5, 0.5)) == expected


@pytest.mark.parametrize("n", [1, 2, 8, 64])
def test_best_of_n_is_known_for_perfect_and_useless_verifiers(n: int) -> None:
    assert best_of_n_accuracy(0.3, n, inf) == pytest.approx(1 - 0.7**n)
    assert best_of_n_accuracy(0.3, n, 12.0) == pytest.approx(1 - 0.7**n, abs=1e-5)
    assert best_of_n_accuracy(0.3, n, 0.0) == pytest.approx(0.3, abs=1e-6)


def test_best_of_two_follows_from_the_auc() -> None:
    expected = 0.3**2 + 2 * 0.3 * 0.7 * auc_of(1.2)
    assert best_of_n_accuracy(0.3, 2, 1.2) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("d_prime", [0.0, 1.0, 2.5])
def test_weighted_of_one_and_two_is_known(d_prime: float) -> None:
    assert weighted_best_of_n_accuracy(SHARES, 1, d_prime) == pytest.approx(0.35, abs=1e-3)
    two = best_of_n_accuracy(0.35, 2, d_prime)  # two samples disagree or are the same answer
    assert weighted_best_of_n_accuracy(SHARES, 2, d_prime) == pytest.approx(two, abs=1e-3)


def test_weighted_of_three_useless_scores_is_known() -> None:
    # (1, 2): the sum of two uniform scores beats a third in 5 of 6 cases
    right, wrong = 0.4, 0.6
    expected = right**3 + 3 * right**2 * wrong * 5 / 6 + 3 * right * wrong**2 / 6
    assert weighted_best_of_n_accuracy((right, wrong), 3, 0.0) == pytest.approx(expected, abs=1e-3)


def test_weighted_by_a_perfect_verifier_needs_one_right_sample() -> None:
    assert weighted_best_of_n_accuracy(SHARES, 5, inf) == pytest.approx(1 - 0.65**5)
    assert weighted_best_of_n_accuracy(SHARES, 5, 9.0) == pytest.approx(1 - 0.65**5, abs=2e-3)


def test_finer_cells_change_little() -> None:
    coarse, fine = (weighted_best_of_n_accuracy(SHARES, 5, 1.0, cells) for cells in (256, 1024))
    assert coarse == pytest.approx(fine, abs=1e-3)


def test_beam_and_dvts_are_chains() -> None:
    assert beam_accuracy(0.6, 1, 2, 3) == pytest.approx(1 - 0.4**6)
    assert beam_accuracy(0.6, 4, 1, 3) == pytest.approx((1 - 0.4**3) ** 4)
    assert dvts_accuracy(0.6, 4, 1, 3) == pytest.approx((1 - 0.4**3) ** 4)
    assert dvts_accuracy(0.6, 4, 2, 3) == pytest.approx(1 - (1 - (1 - 0.4**3) ** 4) ** 2)
    one = np.array([beam_accuracy(0.6, 5, width, 2) for width in (1, 2, 4)])
    assert (np.diff(one) > 0).all()
