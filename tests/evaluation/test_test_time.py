"""Estimators from n samples against what the strategies pick from every ordered k of them."""

from collections.abc import Sequence
from itertools import combinations, permutations
from statistics import mean

import numpy as np
import pytest

from ragreason.evaluation.test_time import best_of_k, majority_at_k, pass_at_k, weighted_at_k
from ragreason.protocols import Strategy
from ragreason.search.best_of_n import BestOfN
from ragreason.search.majority import Majority
from ragreason.tree import Added, Event, Judged, Tree
from ragreason.types import Step, Verdict

ANSWERS = ("red", "red", "blue", "blue", "green", "")
VALUES = (0.0, 0.0, 1.0, 1.0, 0.25, 0.0)
SCORES = (0.5, 0.25, 0.5, 0.75, 0.75, 0.75)  # sums of them are exact, so ties are ties
ALL_K = range(1, len(ANSWERS) + 1)


def picked(strategy: Strategy, order: Sequence[int]) -> float:
    """What the answer is worth that a strategy picks from these samples, in this order."""
    events: list[Event] = []
    for node, i in enumerate(order, start=1):
        step = Step(kind="answer", text=ANSWERS[i], answer=ANSWERS[i])
        verdict = Verdict(score=SCORES[i])
        events += [Added(parent=0, step=step), Judged(node=node, verdict=verdict, outcome=True)]
    node = strategy.finish(Tree(events)).nodes[0][0]
    return VALUES[order[node - 1]]


def over_all_orders(strategy: Strategy, k: int) -> float:
    return mean(picked(strategy, order) for order in permutations(range(len(ANSWERS)), k))


@pytest.mark.parametrize("k", ALL_K)
def test_majority_at_k_is_what_the_strategy_picks_on_average(k: int) -> None:
    expected = over_all_orders(Majority(n=k), k)
    assert majority_at_k(ANSWERS, VALUES, k) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("k", ALL_K)
def test_best_of_k_is_the_best_of_every_subset_with_ties_shared(k: int) -> None:
    def best(chosen: Sequence[int]) -> float:
        top = max(SCORES[i] for i in chosen)
        return mean(VALUES[i] for i in chosen if SCORES[i] == top)

    expected = mean(best(chosen) for chosen in combinations(range(len(SCORES)), k))
    assert best_of_k(VALUES, SCORES, k) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("k", ALL_K)
def test_best_of_k_is_what_the_strategy_picks_where_no_answer_is_empty(k: int) -> None:
    full = range(len(ANSWERS) - 1)  # the strategy puts an empty answer behind its equals
    if k <= len(full):
        orders = permutations(full, k)
        expected = mean(picked(BestOfN(n=k), order) for order in orders)
        value = best_of_k([VALUES[i] for i in full], [SCORES[i] for i in full], k)
        assert value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("k", ALL_K)
def test_weighted_at_k_is_the_heaviest_answer_of_every_order(k: int) -> None:
    def heaviest(order: Sequence[int]) -> float:
        sums = dict.fromkeys((ANSWERS[i] for i in order if ANSWERS[i]), 0.0)
        for i in order:
            if ANSWERS[i]:
                sums[ANSWERS[i]] += SCORES[i]
        if not sums:
            return VALUES[order[0]]
        winner = max(sums, key=sums.__getitem__)  # the first seen of equals
        return next(VALUES[i] for i in order if ANSWERS[i] == winner)

    expected = mean(heaviest(order) for order in permutations(range(len(ANSWERS)), k))
    assert weighted_at_k(ANSWERS, VALUES, SCORES, k) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("k", ALL_K)
@pytest.mark.parametrize("right", [(0, 0, 1, 0, 1, 0), (0,) * 6, (1,) * 6])
def test_pass_at_k_counts_the_subsets_that_hold_a_right_one(right: tuple[int, ...], k: int) -> None:
    expected = mean(float(any(chosen)) for chosen in combinations(right, k))
    assert pass_at_k([bool(r) for r in right], k) == pytest.approx(expected, abs=1e-12)


def test_one_sample_is_worth_the_mean_whatever_picks_it() -> None:
    expected = pytest.approx(mean(VALUES))
    assert best_of_k(VALUES, SCORES, 1) == expected
    assert majority_at_k(ANSWERS, VALUES, 1) == expected
    assert weighted_at_k(ANSWERS, VALUES, SCORES, 1) == expected


def test_a_constant_score_picks_none_for_coming_first() -> None:
    for k in ALL_K:
        assert best_of_k(VALUES, [0.5] * 6, k) == pytest.approx(mean(VALUES))


def test_more_samples_than_can_be_enumerated_are_drawn_by_seed() -> None:
    draw = np.random.default_rng(0)
    answers = [str(a) for a in draw.integers(0, 3, 40)]
    values = [float(a == "0") for a in answers]
    one, same, other = (majority_at_k(answers, values, 9, seed=s) for s in (1, 1, 2))
    assert one == same != other
    assert one == pytest.approx(other, abs=4 * 0.5 / 5000**0.5 * 2**0.5)


def test_drawn_subsets_agree_with_all_of_them() -> None:
    exact = weighted_at_k(ANSWERS, VALUES, SCORES, 3)
    drawn = [weighted_at_k(ANSWERS, VALUES, SCORES, 3, subsets=19, seed=s) for s in range(400)]
    assert mean(drawn) == pytest.approx(exact, abs=4 * 0.5 / (19 * 400) ** 0.5)


@pytest.mark.parametrize("k", [0, 7])
def test_k_lies_between_one_and_the_number_of_samples(k: int) -> None:
    message = "between 1 and the number of samples, 6"
    with pytest.raises(ValueError, match=message):
        pass_at_k([True] * 6, k)
    with pytest.raises(ValueError, match=message):
        best_of_k(VALUES, SCORES, k)
    with pytest.raises(ValueError, match=message):
        majority_at_k(ANSWERS, VALUES, k)


def test_lists_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one of each"):
        best_of_k(VALUES, SCORES[:-1], 2)
    with pytest.raises(ValueError, match="one of each"):
        majority_at_k(ANSWERS[:-1], VALUES, 2)
