"""The strategies against theory: on a reasoner of known strength they do what is computed for them.

Each measured accuracy is compared with the mean of the exact one over the same questions, within
four standard errors (of a sum of independent trials, one a question). Seeds are fixed.
"""

from collections.abc import Callable, Sequence
from functools import cache
from math import inf, sqrt
from typing import Any

import pytest

from ragreason.evaluation.statistics import Interval, paired_interval
from ragreason.protocols import Strategy, Verifier
from ragreason.search.beam import Beam
from ragreason.search.best_of_n import BestOfN
from ragreason.search.dvts import DVTS
from ragreason.search.majority import Majority
from ragreason.search.mcts import MCTS
from ragreason.search.weighted_best_of_n import WeightedBestOfN
from ragreason.simulation import (
    KnownTree,
    KnownTreeVerifier,
    Measured,
    SimulatedBinaryVerifier,
    SimulatedOutcomeVerifier,
    SimulatedProcessVerifier,
    SimulatedReasoner,
    SimulatedVerifier,
    beam_accuracy,
    best_of_n_accuracy,
    binary_weighted_accuracy,
    dvts_accuracy,
    majority_accuracy,
    measure,
    simulate,
    simulated_questions,
    weighted_best_of_n_accuracy,
)

QUESTIONS = simulated_questions(1500)
MIXED = SimulatedReasoner(p=(0.3, 0.55), depth=1, wrong=(0.6, 0.3, 0.1))
"""Half of the questions have a wrong answer that is likelier than the right one."""
STRENGTHS = pytest.mark.parametrize("d_prime", [inf, 1.5, 0.0], ids=["perfect", "noisy", "useless"])


def agrees(
    reasoner: SimulatedReasoner,
    strategy: Strategy,
    verifier: Verifier | None,
    exact: Callable[[Sequence[float]], float],
) -> None:
    """Whether the strategy is right as often as `exact` says of the answers' shares."""
    measured = measure(QUESTIONS, policy=reasoner, strategy=strategy, verifier=verifier)
    known = {shares: exact(shares) for shares in {reasoner.answers(q) for q in QUESTIONS}}
    chances = [known[reasoner.answers(q)] for q in QUESTIONS]
    expected = sum(chances) / len(chances)
    error = sqrt(sum(chance * (1 - chance) for chance in chances)) / len(chances)
    assert 0.005 < error < 0.02  # neither certain nor a guess
    assert measured.accuracy == pytest.approx(expected, abs=4 * error)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_majority_vote_is_right_as_often_as_the_multinomial_says(n: int) -> None:
    agrees(MIXED, Majority(n=n), None, lambda shares: majority_accuracy(shares, n))


@STRENGTHS
def test_best_of_n_is_right_as_often_as_the_order_statistic_says(d_prime: float) -> None:
    verifier = SimulatedOutcomeVerifier(d_prime)
    agrees(MIXED, BestOfN(n=4), verifier, lambda s: best_of_n_accuracy(s[0], 4, d_prime))


@STRENGTHS
def test_weighted_best_of_n_is_right_as_often_as_the_sums_say(d_prime: float) -> None:
    verifier = SimulatedOutcomeVerifier(d_prime)
    agrees(
        MIXED, WeightedBestOfN(n=4), verifier, lambda s: weighted_best_of_n_accuracy(s, 4, d_prime)
    )


@pytest.mark.parametrize(("hit", "alarm"), [(1.0, 0.0), (0.8, 0.3), (0.5, 0.5)])
def test_weighted_best_of_n_by_pass_or_fail_is_right_as_often_as_counted(
    hit: float, alarm: float
) -> None:
    scores = (0.25, 1.0)  # four that failed weigh as much as one that passed: ties are many
    verifier = SimulatedBinaryVerifier(hit, alarm, scores)
    agrees(
        MIXED,
        WeightedBestOfN(n=6),
        verifier,
        lambda s: binary_weighted_accuracy(s, 6, hit, alarm, scores),
    )


def test_steps_and_their_scores_are_put_together_as_outcomes_are() -> None:
    reasoner = SimulatedReasoner(p=0.7, depth=2, recovery=0.2)
    verifier = SimulatedProcessVerifier(1.5)  # by default the last step's score is the outcome's
    agrees(reasoner, BestOfN(n=3), verifier, lambda s: best_of_n_accuracy(s[0], 3, 1.5))


def test_beam_by_perfect_steps_is_right_as_often_as_its_chain_says() -> None:
    reasoner = SimulatedReasoner(p=0.45, depth=2)
    exact = beam_accuracy(0.45, 2, 2, 2)
    agrees(reasoner, Beam(width=2, branching=2), SimulatedVerifier(inf), lambda _: exact)


def test_dvts_by_perfect_steps_is_right_as_often_as_its_subtrees_say() -> None:
    reasoner = SimulatedReasoner(p=0.45, depth=2)
    exact = dvts_accuracy(0.45, 2, 2, 2)
    agrees(reasoner, DVTS(subtrees=2, branching=2), SimulatedVerifier(inf), lambda _: exact)


# At equal tokens. A sample of best-of-N costs 300 tokens here, prompts included; beam and DVTS
# cost 1,500 each, MCTS a little more or less from question to question.

LONG = SimulatedReasoner(p=0.6, depth=3)
FEW = QUESTIONS[:150]
SEARCHES: dict[str, Strategy] = {
    "beam": Beam(width=2, branching=4),
    "dvts": DVTS(subtrees=2, branching=4),
    "mcts": MCTS(simulations=8, branching=4, parallel=2),
}
SEARCH = pytest.mark.parametrize("name", SEARCHES)


@cache
def searched(name: str, verifier: SimulatedVerifier) -> Measured:
    return measure(FEW, policy=LONG, strategy=SEARCHES[name], verifier=verifier)


@cache
def sampled(n: int, verifier: SimulatedVerifier) -> Measured:
    return measure(FEW, policy=LONG, strategy=BestOfN(n=n), verifier=verifier)


def gain(name: str, verifier: SimulatedVerifier, *, at_least: bool) -> Interval:
    """How much more often a search is right than best-of-N with at least, or at most, as many
    tokens; the two differ by less than one sample.
    """
    search = searched(name, verifier)
    tokens = search.tokens.mean()
    samples = sampled(int(-(-tokens // 300) if at_least else tokens // 300), verifier)
    spent = samples.tokens.mean()
    assert abs(spent - tokens) < 300
    assert spent >= tokens if at_least else spent <= tokens
    return paired_interval(search.right.astype(float), samples.right.astype(float))


@SEARCH
@pytest.mark.parametrize("d_prime", [inf, 2.0], ids=["perfect", "noisy"])
def test_search_beats_best_of_n_at_equal_tokens_where_step_scores_inform(
    name: str, d_prime: float
) -> None:
    assert gain(name, SimulatedVerifier(d_prime), at_least=True).low > 0


@SEARCH
def test_search_beats_nothing_where_no_score_informs(name: str) -> None:
    assert gain(name, SimulatedVerifier(0.0), at_least=False).low <= 0


@SEARCH
def test_search_does_not_beat_best_of_n_where_only_outcomes_inform(name: str) -> None:
    """Beam and DVTS lose: what useless step scores keep are relatives, not samples."""
    verifier = SimulatedVerifier(0.0, outcome_d_prime=inf)
    interval = gain(name, verifier, at_least=False)
    assert interval.low <= 0
    assert interval.high < 0 or name == "mcts"


# MCTS on a tree that is known in full.

TREE = KnownTree(branching=3, depth=3)
FORMULA = pytest.mark.parametrize("formula", ["uct", "puct"])


def regrets(simulations: int, count: int, **options: Any) -> list[float]:
    """How much less the leaf that MCTS gives is worth than the best one, question by question.

    Checks on the way that the root's visits are the simulations, and that values stay in range.
    """
    strategy = MCTS(simulations=simulations, branching=3, aggregation="mean", **options)
    found = []
    for question in FEW[:count]:
        one = simulate(question, policy=TREE, strategy=strategy, verifier=KnownTreeVerifier())
        marks = strategy.marks(one.tree)
        assert marks[0].visits == simulations
        assert all(0 <= mark.value <= 1 for mark in marks.values() if mark.value is not None)
        leaves = TREE.leaves(question)
        found.append(leaves[TREE.best(question)] - leaves[one.answer])
    return found


@FORMULA
def test_mcts_with_enough_simulations_finds_the_best_leaf(formula: str) -> None:
    assert regrets(200, 20, formula=formula, exploration=None) == [0.0] * 20


@FORMULA
def test_mcts_visits_what_is_nearly_the_best_leaf_most(formula: str) -> None:
    found = regrets(500, 8, formula=formula, exploration=None, best="visits")
    assert max(found) < 0.05


@FORMULA
def test_mcts_with_few_simulations_does_not_always_find_it(formula: str) -> None:
    assert max(regrets(6, 20, formula=formula)) > 0
