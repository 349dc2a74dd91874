"""Diverse verifier tree search on hand-drawn trees."""

import pytest
from hypothesis import given, settings, strategies as st

from ragreason.errors import ConfigError, VerifierError
from ragreason.nodes.search import reason
from ragreason.policies.react import ReAct
from ragreason.search.dvts import DVTS
from ragreason.tree import Event, Expand, Finish, Mark, Tree
from ragreason.types import Usage
from tests.search.drawn import (
    World,
    answering_at,
    chance_world,
    scored,
    step,
    thinking,
    thoughts,
    under,
    wanted_of,
)
from tests.search.engines import StepScores, thinker

TWO = DVTS(subtrees=2, branching=2)


def decide(strategy: DVTS, events: list[Event]) -> object:
    return strategy.decide(Tree(events), Usage())


def test_the_root_is_asked_once_for_all_subtrees() -> None:
    assert decide(DVTS(subtrees=3, branching=4), []) == Expand(((0, 12),))


def test_each_subtree_keeps_the_best_of_its_own_share() -> None:
    assert decide(TWO, thoughts(0.9, 0.8, 0.2, 0.3)) == Expand(((1, 2), (4, 2)))


def test_a_high_score_in_one_subtree_does_not_crowd_out_another() -> None:
    events = [*thoughts(0.9, 0.8, 0.2, 0.3), *thoughts(0.9, 0.8, parent=1, first=5)]
    events += thoughts(0.1, 0.2, parent=4, first=7)
    assert decide(TWO, events) == Expand(((5, 2), (8, 2)))


def test_ties_go_to_the_one_added_first() -> None:
    assert decide(TWO, thoughts(0.5, 0.5, 0.5, 0.5)) == Expand(((1, 2), (3, 2)))


def test_equal_proposals_of_two_subtrees_stay_two_subtrees() -> None:
    same = [*under(0, *[step("a")] * 4), *scored(dict.fromkeys(range(1, 5), 0.5))]
    assert decide(TWO, same) == Expand(((1, 2), (3, 2)))


def test_a_finished_subtree_stops_and_its_place_is_not_refilled() -> None:
    said = [step("a", "answer"), step("b"), step("c"), step("d")]
    events = [*under(0, *said), *scored({1: 0.9, 2: 0.8, 3: 0.7, 4: 0.6})]
    assert decide(TWO, events) == Expand(((3, 2),))


def test_a_subtree_whose_proposals_all_fail_is_dead() -> None:
    events = [*under(0, None, None, step("c"), step("d")), *scored({3: 0.7, 4: 0.6})]
    assert decide(TWO, events) == Expand(((3, 2),))
    assert decide(TWO, under(0, None, None, None, None)) == Finish(())


def test_an_answer_cut_by_the_length_limit_is_not_finished() -> None:
    cut = step("a", "answer", truncated=True)
    events = [*under(0, cut, step("b"), None, None), *scored({1: 0.9, 2: 0.1})]
    assert decide(TWO, events) == Expand(((1, 2),))


def test_scores_of_steps_are_aggregated_as_told() -> None:
    events = [*thoughts(0.9), *thoughts(0.2, parent=1, first=2)]
    one = {"subtrees": 1, "branching": 1}
    assert DVTS(**one, aggregation="min").marks(Tree(events))[2].value == 0.2
    assert DVTS(**one, aggregation="mean").marks(Tree(events))[2].value == 0.55


def test_the_best_is_by_outcome_where_there_is_one() -> None:
    said = [step(str(i), "answer") for i in range(4)]
    events = [*under(0, *said), *scored({1: 0.9, 2: 0.8, 3: 0.7, 4: 0.6})]
    assert [node for node, _ in TWO.finish(Tree(events)).nodes] == [1, 2, 3, 4]
    events += scored({1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4}, outcome=True)
    assert decide(TWO, events) == Finish(((4, 0.4), (3, 0.3), (2, 0.2), (1, 0.1)))


def test_answers_are_ranked_by_aggregated_steps_where_there_are_no_outcomes() -> None:
    events = [*thoughts(0.9, 0.5), *under(1, step("a", "answer"))]
    events += [*under(2, step("b", "answer")), *scored({3: 0.5, 4: 0.8})]
    assert [n for n, _ in DVTS(aggregation="last").finish(Tree(events)).nodes] == [4, 3]
    assert [n for n, _ in DVTS(aggregation="product").finish(Tree(events)).nodes] == [3, 4]


def test_a_candidate_without_a_score_is_an_error_and_never_a_zero() -> None:
    events = [*under(0, step("a"), step("b"), step("c"), step("d")), *scored({1: 0.1, 3: 0.2})]
    with pytest.raises(VerifierError, match="node 2 has none"):
        decide(TWO, events)
    assert TWO.marks(Tree(events)) == {}


def test_marks_show_what_was_given_up() -> None:
    events = [*under(0, step("a"), step("b"), step("c"), None), *scored({1: 0.4, 2: 0.5, 3: 0.6})]
    assert TWO.marks(Tree(events)) == {
        1: Mark(value=0.4, pruned=True),
        2: Mark(value=0.5),
        3: Mark(value=0.6),
        4: Mark(pruned=True),
    }


def test_marks_do_not_call_the_best_answer_given_up() -> None:
    events = [*under(0, *(step(str(i), "answer") for i in range(4)))]
    events += scored({1: 0.9, 2: 0.8, 3: 0.7, 4: 0.6})
    events += scored({1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4}, outcome=True)
    tree = Tree(events)
    assert TWO.finish(tree).nodes[0] == (4, 0.4), "not kept for its step, but the best outcome"
    assert not any(mark.pruned for mark in TWO.marks(tree).values())


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_waves_are_as_many_as_the_depth(depth: int) -> None:
    world = World(answering_at(depth))
    world.play(DVTS(subtrees=3, branching=2))
    assert len(world.waves) == depth


def test_depth_is_bounded() -> None:
    world = World(thinking)
    assert world.play(DVTS(subtrees=2, branching=3, max_depth=3)) == Finish(())
    assert [wave.nodes[0][1] for wave in world.waves if isinstance(wave, Expand)] == [6, 3, 3]


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        DVTS, subtrees=st.integers(1, 4), branching=st.integers(1, 3), max_depth=st.integers(1, 4)
    ),
    st.integers(0, 10_000),
)
def test_subtrees_only_end_and_nothing_is_asked_twice(dvts: DVTS, seed: int) -> None:
    world = chance_world(seed)
    best = world.play(dvts)
    widths = [len(wanted_of(wave)) for wave in world.waves[1:]]
    assert widths == sorted(widths, reverse=True)
    assert all(width <= dvts.subtrees for width in widths)
    asked = [node for wave in world.waves for node, _ in wanted_of(wave)]
    assert len(asked) == len(set(asked))
    for wave in world.waves[1:]:
        origins = [world.tree.places(node)[0] // dvts.branching for node, _ in wanted_of(wave)]
        assert len(origins) == len(set(origins)), "two of one subtree went on"
    assert {node for node, _ in best.nodes} == set(world.tree.answers)


async def test_it_searches_over_react() -> None:
    found = await reason(
        "When?",
        policy=ReAct(search_first=False, temperature=1.0),
        strategy=DVTS(subtrees=2, branching=2, max_depth=4),
        engine=thinker(["good", "bad"], depth=3),
        verifier=StepScores(),
    )
    assert found.answer == "good"
    assert len(found.tree.answers) == 4
    assert found.forced == ""


async def test_without_a_verifier_of_steps_it_is_refused() -> None:
    with pytest.raises(ConfigError, match="'dvts' needs a verifier that scores steps"):
        await reason("When?", policy=ReAct(), strategy=DVTS(), engine=thinker(["good"]))
