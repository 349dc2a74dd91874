"""Verifiers that tell right from wrong as well as they say."""

import asyncio
from collections.abc import Sequence
from math import inf, sqrt

import numpy as np
import pytest

from ragreason.corpus import passage
from ragreason.errors import ConfigError, VerifierError
from ragreason.protocols import Item, Verifier
from ragreason.simulation import (
    SimulatedBinaryVerifier,
    SimulatedOutcomeVerifier,
    SimulatedProcessVerifier,
    SimulatedVerifier,
    auc_of,
    d_prime_of,
    simulated_questions,
)
from ragreason.types import Hit, Step, Trajectory

(QUESTION,) = simulated_questions(1)
COUNT = 1500


def steps(word: str, count: int = COUNT) -> list[Step]:
    return [Step(kind="answer", text=f"{word} {i}", answer="x") for i in range(count)]


def scores(verifier: Verifier, items: Sequence[Item]) -> list[float]:
    return [v.score for v in asyncio.run(verifier.judge(QUESTION, items))]


def measured_auc(right: Sequence[float], wrong: Sequence[float]) -> float:
    """The share of pairs in which the right one is higher, ties half."""
    below = np.subtract.outer(np.array(right), np.array(wrong))
    return float(((below > 0) + 0.5 * (below == 0)).mean())


@pytest.mark.parametrize("d_prime", [0.0, 0.5, 1.5, 3.0])
def test_the_auc_is_the_one_that_d_prime_says(d_prime: float) -> None:
    verifier = SimulatedVerifier(d_prime)
    auc = measured_auc(scores(verifier, steps("on track")), scores(verifier, steps("astray")))
    # the variance of an AUC is at most auc (1 - auc) / COUNT: Birnbaum and Klose, 1957
    assert auc == pytest.approx(auc_of(d_prime), abs=4 * sqrt(0.25 / COUNT))


def test_a_perfect_one_knows() -> None:
    assert set(scores(SimulatedVerifier(inf), steps("on track"))) == {1.0}
    assert set(scores(SimulatedVerifier(inf), steps("astray"))) == {0.0}


def test_a_useless_one_s_scores_are_uniform_for_right_and_wrong() -> None:
    for word in ("on track", "astray"):
        found = np.sort(scores(SimulatedVerifier(0.0), steps(word)))
        expected = (np.arange(COUNT) + 0.5) / COUNT
        # Kolmogorov-Smirnov: the largest distance is above 1.95 / sqrt(n) once in a thousand
        assert np.abs(found - expected).max() < 1.95 / sqrt(COUNT)


def test_outcomes_can_be_told_apart_better_or_worse_than_steps() -> None:
    verifier = SimulatedVerifier(0.0, outcome_d_prime=inf)
    (right,), (wrong,) = steps("on track", 1), steps("astray", 1)
    ends = [Trajectory(steps=(wrong, right)), Trajectory(steps=(right, wrong))]
    assert scores(verifier, ends) == [1.0, 0.0]
    assert scores(verifier, [right, wrong]) not in ([1.0, 0.0], [0.0, 1.0])
    useless = SimulatedVerifier(inf, outcome_d_prime=0.0)
    assert scores(useless, [right, wrong]) == [1.0, 0.0]
    assert scores(useless, ends) not in ([1.0, 0.0], [0.0, 1.0])


def test_the_same_item_has_the_same_score_and_each_seed_its_own() -> None:
    items = steps("on track", 20)
    assert scores(SimulatedVerifier(1.0), items) != scores(SimulatedVerifier(1.0, seed=1), items)
    alone = [scores(SimulatedVerifier(1.0), [item])[0] for item in items]
    assert alone == scores(SimulatedVerifier(1.0), items)


def test_a_step_s_noise_says_nothing_of_its_outcome_s() -> None:
    items = steps("on track")
    ends = [Trajectory(steps=(step,)) for step in items]
    verifier = SimulatedVerifier(1.0)
    correlation = np.corrcoef(scores(verifier, items), scores(verifier, ends))[0, 1]
    assert abs(correlation) < 4 / sqrt(COUNT)


def test_the_binary_one_passes_as_often_as_it_says() -> None:
    verifier = SimulatedBinaryVerifier(hit=0.8, false_alarm=0.3, scores=(0.25, 0.75))
    for word, share in (("on track", 0.8), ("astray", 0.3)):
        found = scores(verifier, [Trajectory(steps=(step,)) for step in steps(word)])
        assert set(found) == {0.25, 0.75}
        error = sqrt(share * (1 - share) / COUNT)
        assert found.count(0.75) / COUNT == pytest.approx(share, abs=4 * error)


def test_what_they_judge_is_declared() -> None:
    assert SimulatedProcessVerifier.judges == {"step"}
    assert SimulatedOutcomeVerifier.judges == {"trajectory"}
    parts: list[Verifier] = [
        SimulatedVerifier(),
        SimulatedProcessVerifier(),
        SimulatedOutcomeVerifier(),
        SimulatedBinaryVerifier(),
    ]
    assert all(isinstance(part, Verifier) for part in parts)
    assert [scores(part, []) for part in parts] == [[]] * 4


def test_auc_and_d_prime_are_inverse() -> None:
    assert auc_of(0) == 0.5
    assert auc_of(1.5) == pytest.approx(0.856, abs=5e-4)
    assert (auc_of(inf), d_prime_of(1)) == (1.0, inf)
    assert [d_prime_of(auc_of(d)) for d in (0.0, 0.7, 2.5)] == pytest.approx([0.0, 0.7, 2.5])
    with pytest.raises(ConfigError, match=r"0\.4"):
        d_prime_of(0.4)


def test_a_negative_d_prime_is_refused() -> None:
    with pytest.raises(ConfigError, match="d' is 0"):
        SimulatedVerifier(-1.0)
    with pytest.raises(ConfigError, match="d' is 0"):
        SimulatedVerifier(1.0, outcome_d_prime=-1.0)


def test_passages_are_refused() -> None:
    hit = Hit(passage=passage("t", "x"), score=1.0, rank=1, source="test")
    with pytest.raises(VerifierError, match="scores steps and trajectories"):
        scores(SimulatedVerifier(), [hit])
