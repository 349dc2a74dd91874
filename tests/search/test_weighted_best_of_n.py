"""Weighted best-of-N on hand-drawn trees."""

from math import exp

import pytest
from hypothesis import given, strategies as st

from ragreason.errors import ConfigError
from ragreason.generation.scripted import Scripted
from ragreason.nodes.search import reason
from ragreason.policies.react import ReAct
from ragreason.protocols import Aggregation, Retriever
from ragreason.search.majority import Majority
from ragreason.search.weighted_best_of_n import WeightedBestOfN, vote_weights
from ragreason.tree import Added, Finish, Mark, Tree
from tests.search.drawn import scored, step, under
from tests.search.engines import StepScores


def answers(*pairs: tuple[str, float | None]) -> Tree:
    proposals = under(0, *(step("t", "answer", answer=text) for text, _ in pairs))
    scores = {i: score for i, (_, score) in enumerate(pairs, start=1) if score is not None}
    return Tree([*proposals, *scored(scores, outcome=True)])


def nodes(tree: Tree) -> list[int]:
    return [node for node, _ in WeightedBestOfN().finish(tree).nodes]


def test_the_largest_sum_of_scores_wins_and_its_best_sample_comes_first() -> None:
    tree = answers(("Rome", 0.75), ("Paris", 0.25), ("paris.", 0.625), ("Oslo", 0.5))
    assert WeightedBestOfN().finish(tree) == Finish(((3, 0.875), (2, 0.875), (1, 0.75), (4, 0.5)))


def test_ties_go_to_the_answer_seen_first() -> None:
    assert nodes(answers(("a", 0.5), ("b", 0.25), ("b", 0.25))) == [1, 2, 3]
    assert nodes(answers(("b", 0.25), ("a", 0.5), ("b", 0.25))) == [1, 3, 2]


def test_an_answer_without_a_verdict_weighs_nothing_and_an_empty_one_does_not_vote() -> None:
    tree = answers(("", 1.0), ("a", None), ("b", 0.25))
    assert WeightedBestOfN().finish(tree) == Finish(((3, 0.25), (2, 0.0), (1, 0.0)))


def test_agreement_never_counts_against_an_answer_whose_scores_are_below_zero() -> None:
    tree = answers(("a", -2.0), ("b", -2.0), ("b", -2.0))
    assert WeightedBestOfN().finish(tree) == Finish(((2, 2.0), (3, 2.0), (1, 1.0)))
    tree = answers(("a", -1.0), ("b", -2.0), ("b", -2.0), ("c", None))
    weights = [weight for _, weight in WeightedBestOfN().finish(tree).nodes]
    assert weights == pytest.approx([1.0, 2 * exp(-1), 2 * exp(-1), 0.0])


def test_weights_are_the_scores_unless_one_is_below_zero() -> None:
    assert vote_weights({1: 0.5, 2: None, 3: 7.0}) == {1: 0.5, 2: 0.0, 3: 7.0}
    assert vote_weights({1: -1.0, 2: -2.0, 3: None}) == {1: 1.0, 2: exp(-1.0), 3: 0.0}
    assert vote_weights({1: -10_000.0, 2: 0.0}) == {1: 0.0, 2: 1.0}
    assert vote_weights({}) == {}


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=8), st.sampled_from([0.5, -3.0]))
def test_with_equal_scores_it_is_a_majority_vote(said: list[str], score: float) -> None:
    tree = answers(*((text, score) for text in said))
    assert nodes(tree) == [node for node, _ in Majority().finish(tree).nodes]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_with_different_answers_it_is_best_of_n(scores: list[float]) -> None:
    tree = answers(*((f"answer {i}", score) for i, score in enumerate(scores)))
    best = max(range(len(scores)), key=lambda i: scores[i])
    assert nodes(tree)[0] == best + 1


@pytest.mark.parametrize(("how", "first"), [("last", 4), ("min", 3), ("mean", 4)])
def test_steps_stand_in_for_outcomes_by_their_aggregate(how: Aggregation, first: int) -> None:
    tree = Tree(
        [
            *under(0, step("a"), step("b")),
            Added(parent=1, step=step("x", "answer")),
            Added(parent=2, step=step("y", "answer")),
            *scored({1: 0.5, 2: 0.25, 3: 0.5, 4: 1.0}),
        ]
    )
    assert WeightedBestOfN(aggregation=how).finish(tree).nodes[0][0] == first


def test_each_answer_is_marked_with_its_own_score() -> None:
    marks = WeightedBestOfN().marks(answers(("a", 0.25), ("a", 0.5), ("", None)))
    assert marks == {1: Mark(value=0.25), 2: Mark(value=0.5), 3: Mark()}


async def test_it_is_guided_by_a_verifier_of_steps(retriever: Retriever) -> None:
    texts = [" good\nAnswer: 1874", " poor\nAnswer: 1900", " poor too\nAnswer: 1900"]
    found = await reason(
        "When was Edda Quill born?",
        policy=ReAct(temperature=1.0, search_first=False),
        strategy=WeightedBestOfN(n=3),
        engine=Scripted(default=texts),
        retriever=retriever,
        verifier=StepScores(),
    )
    assert found.answer == "1874", "one vote of 0.9 against two of 0.1"
    assert [weight for _, weight in found.best] == pytest.approx([0.9, 0.2, 0.2])


async def test_without_a_verifier_it_is_refused() -> None:
    with pytest.raises(ConfigError, match="'weighted_best_of_n' needs a verifier"):
        await reason("q", policy=ReAct(), strategy=WeightedBestOfN(), engine=Scripted())
