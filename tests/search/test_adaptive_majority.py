"""Adaptive self-consistency: on hand-drawn trees, on every sequence of samples, and by chance."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import ceil, comb, prod

import pytest

from ragreason.evaluation.statistics import paired_interval
from ragreason.search.adaptive_majority import AdaptiveMajority, leads
from ragreason.search.majority import Majority
from ragreason.simulation import SimulatedReasoner, measure, simulated_questions
from ragreason.tree import Expand, Finish, Mark, Tree
from ragreason.types import Step, Usage
from tests.search.drawn import Path, World, step, under, wanted_of


def answers(*texts: str | None) -> Tree:
    proposals = [None if text is None else step("t", "answer", answer=text) for text in texts]
    return Tree(under(0, *proposals))


def decided(tree: Tree, **parameters: float) -> Finish | tuple[tuple[int, int], ...]:
    decision = AdaptiveMajority(**parameters).decide(tree, Usage())  # type: ignore[arg-type]
    return decision if isinstance(decision, Finish) else tuple(wanted_of(decision))


def beta_above_half(a: int, b: int) -> Fraction:
    """The integral of x^a (1 - x)^b from 1/2 to 1, over that from 0 to 1, term by term."""

    def integral(low: Fraction) -> Fraction:
        powers = ((a + j + 1, (-1) ** j * comb(b, j)) for j in range(b + 1))
        return sum((Fraction(c, p) * (1 - low**p) for p, c in powers), Fraction(0))

    return integral(Fraction(1, 2)) / integral(Fraction(0))


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (4, 0), (3, 1), (7, 7), (40, 23)])
def test_how_sure_a_lead_is_is_the_beta_integral(first: int, second: int) -> None:
    assert Fraction(*leads(first, second)) == beta_above_half(first, second)


def test_how_sure_a_lead_is_is_known_for_small_counts() -> None:
    assert leads(4, 0) == (31, 32)
    assert leads(3, 1) == (26, 32)
    assert Fraction(*leads(5, 5)) == Fraction(1, 2)


def test_the_first_samples_are_drawn_at_once_then_a_wave_at_a_time() -> None:
    assert decided(Tree(), n=8, first=3) == ((0, 3),)
    assert decided(answers("a", "b", "c"), n=8, first=3, wave=2) == ((0, 2),)
    assert decided(answers("a", "b", "c", "d", "e"), n=6, first=3, wave=2) == ((0, 1),)
    assert decided(Tree(), n=2, first=3) == ((0, 2),)


def test_a_tree_that_holds_samples_is_topped_up() -> None:
    assert decided(answers("a", "b"), n=8, first=4) == ((0, 2),)


def test_four_that_agree_are_enough_and_three_are_not() -> None:
    """Of 16, so that the samples left could still overtake the leader."""
    three, four = ("Rome", "rome.", "the Rome"), ("Rome", "rome.", "the Rome", "Rome")
    assert decided(answers(*three), n=16, first=3) == ((0, 1),)
    assert isinstance(decided(answers(*four), n=16, first=3), Finish)


def test_less_confidence_takes_fewer_samples() -> None:
    assert isinstance(decided(answers("a", "a", "a"), first=3, confidence=0.9), Finish)


def test_it_stops_where_the_samples_left_change_nothing() -> None:
    four = answers("a", "b", "a", "a")
    assert isinstance(decided(four, n=5, confidence=1.0), Finish)
    assert decided(four, n=7, confidence=1.0) == ((0, 1),), "three more of b would win"


def test_a_tie_that_is_left_goes_to_the_answer_seen_first() -> None:
    behind = answers("b", "a", "a")  # one more "b" makes a tie, which "b" wins
    assert decided(behind, n=4, first=3, confidence=1.0) == ((0, 1),)
    ahead = answers("a", "a", "b")  # the same tie, which "a" wins
    assert isinstance(decided(ahead, n=4, first=3, confidence=1.0), Finish)


def test_failed_and_empty_samples_do_not_vote_and_are_not_replaced() -> None:
    tree = answers("", None, "", None)
    assert decided(tree, n=4) == Finish(((1, 0.0), (3, 0.0)))
    assert decided(tree, n=5) == ((0, 1),)


def test_short_trajectories_alone_do_not_end_it() -> None:
    short = [step("t", "answer", answer="a")] * 4
    tree = Tree(under(0, *short, step("thinking")))
    assert decided(tree, n=9) == ((5, 1),), "the fifth goes on, and no sixth is begun"


def test_open_trajectories_are_left_where_they_change_nothing() -> None:
    tree = Tree(under(0, *[step("t", "answer", answer="a")] * 3, step("thinking")))
    assert decided(tree, n=4) == Finish(((1, 1.0), (2, 1.0), (3, 1.0)))


def test_each_answer_is_marked_with_its_share() -> None:
    marks = AdaptiveMajority().marks(answers("a", "b", "b"))
    assert marks == {2: Mark(value=2 / 3), 3: Mark(value=2 / 3), 1: Mark(value=1 / 3)}


def drawing(sequence: Sequence[int]) -> World:
    """A world in which the i-th sample gives the i-th answer."""

    def propose(path: Path) -> Step:
        return step("t", "answer", answer=f"answer {sequence[path[0]]}")

    return World(propose, lambda path: None)


def winner(world: World, end: Finish) -> str:
    found = world.tree.step(end.nodes[0][0])
    assert found is not None
    return found.answer


def played(sequence: Sequence[int], strategy: AdaptiveMajority | Majority) -> tuple[str, int]:
    """What wins, and how many samples were drawn."""
    world = drawing(sequence)
    end = world.play(strategy)
    return winner(world, end), len(world.tree.answers)


@pytest.mark.parametrize("wave", [1, 2])
def test_without_the_chance_of_error_it_is_majority_on_every_sequence(wave: int) -> None:
    saved = 0
    for sequence in product(range(3), repeat=6):
        safe = AdaptiveMajority(n=6, first=3, wave=wave, confidence=1.0)
        answer, drawn = played(sequence, safe)
        assert answer == played(sequence, Majority(n=6))[0], sequence
        saved += 6 - drawn
    assert saved > 0


def test_it_stops_for_certain_exactly_where_no_continuation_wins() -> None:
    """Against every continuation, also by answers that nobody has given yet."""
    n = 6
    strategy = AdaptiveMajority(n=n, first=1, confidence=1.0)
    for begun in product(range(3), repeat=4):
        tree = answers(*(f"answer {i}" for i in begun))
        stops = isinstance(strategy.decide(tree, Usage()), Finish)
        ends = {
            played((*begun, *rest), Majority(n=n))[0] for rest in product(range(5), repeat=n - 4)
        }
        assert stops == (len(ends) == 1), begun


def exact(shares: Sequence[float], strategy: AdaptiveMajority) -> tuple[float, float]:
    """How often it gives majority's answer, and its mean number of samples: over all sequences."""
    agreed = drawn = 0.0
    for sequence in sequences(len(shares), strategy.n):
        chance = prod(shares[i] for i in sequence)
        answer, count = played(sequence, strategy)
        agreed += chance * (answer == played(sequence, Majority(n=strategy.n))[0])
        drawn += chance * count
    return agreed, drawn


def sequences(kinds: int, n: int) -> Iterator[tuple[int, ...]]:
    return product(range(kinds), repeat=n)


@pytest.mark.parametrize("shares", [(0.9, 0.1), (0.7, 0.3), (0.55, 0.45), (0.6, 0.25, 0.15)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_it_gives_majoritys_answer_as_often_as_asked_and_draws_fewer(
    shares: tuple[float, ...], confidence: float
) -> None:
    agreed, drawn = exact(shares, AdaptiveMajority(n=6, first=3, confidence=confidence))
    assert agreed >= confidence
    assert drawn < 6


def test_on_simulated_questions_it_agrees_with_majority_and_draws_fewer() -> None:
    questions = simulated_questions(400)
    policy = SimulatedReasoner(p=(0.35, 0.6, 0.9), depth=1, wrong=(0.5, 0.3, 0.2))
    full = measure(questions, policy=policy, strategy=Majority(n=15))
    adaptive = measure(questions, policy=policy, strategy=AdaptiveMajority(n=15))
    assert adaptive.tokens.mean() < 0.75 * full.tokens.mean()
    assert abs(adaptive.accuracy - full.accuracy) < 2 * full.standard_error


def test_on_simulated_questions_it_lies_above_majority_at_equal_tokens() -> None:
    questions = simulated_questions(1000)
    policy = SimulatedReasoner(p=(0.35, 0.6, 0.9), depth=1, wrong=(0.5, 0.3, 0.2))
    adaptive = measure(
        questions, policy=policy, strategy=AdaptiveMajority(n=16, first=3, confidence=0.9)
    )
    n = ceil(adaptive.tokens.mean() / policy.step_tokens)
    majority = measure(questions, policy=policy, strategy=Majority(n=n))
    assert majority.tokens.mean() >= adaptive.tokens.mean()
    gain = paired_interval(adaptive.right.astype(float), majority.right.astype(float))
    assert gain.low > 0


def test_an_expansion_is_never_empty() -> None:
    assert isinstance(AdaptiveMajority(n=1).decide(Tree(), Usage()), Expand)
