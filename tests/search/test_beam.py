"""Beam search on hand-drawn trees."""

import pytest
from hypothesis import given, settings, strategies as st

from ragreason.errors import ConfigError, VerifierError
from ragreason.nodes.search import reason
from ragreason.policies.react import ReAct
from ragreason.search.beam import Beam
from ragreason.tree import Event, Expand, Finish, Mark, Tree
from ragreason.types import Step, Usage
from tests.search.drawn import (
    Path,
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

TWO = Beam(width=2, branching=2)


def decide(strategy: Beam, events: list[Event]) -> object:
    return strategy.decide(Tree(events), Usage())


def test_the_first_wave_is_one_request_for_width_times_branching() -> None:
    assert decide(Beam(width=4, branching=3), []) == Expand(((0, 12),))


def test_the_best_by_process_score_go_on_all_in_one_wave() -> None:
    assert decide(TWO, thoughts(0.1, 0.9, 0.3, 0.8)) == Expand(((2, 2), (4, 2)))


def test_ties_keep_the_order_in_which_they_were_added() -> None:
    assert decide(TWO, thoughts(0.1, 0.5, 0.5, 0.5)) == Expand(((2, 2), (3, 2)))


def second_wave(*scores: float) -> list[Event]:
    """Nodes 1 (0.9) and 2 (0.2) go on; 5 and 6 are under 1, 7 and 8 under 2."""
    first = thoughts(0.9, 0.2, 0.1, 0.1)
    one = thoughts(*scores[:2], parent=1, first=5)
    return [*first, *one, *thoughts(*scores[2:], parent=2, first=7)]


def test_candidates_of_all_beams_of_a_question_compete() -> None:
    assert decide(TWO, second_wave(0.8, 0.7, 0.1, 0.2)) == Expand(((5, 2), (6, 2)))


@pytest.mark.parametrize(
    ("how", "best_first"),
    [
        ("last", (8, 6, 7, 5)),  # 0.95, 0.55, 0.4, 0.3
        ("min", (6, 7, 5, 8)),  # 0.5, 0.4, 0.3, 0.2
        ("product", (6, 5, 7, 8)),  # 0.275, 0.27, 0.24, 0.19
        ("mean", (5, 8, 6, 7)),  # 0.6, 0.575, 0.525, 0.5
    ],
)
def test_scores_of_steps_are_aggregated_as_told(how: str, best_first: tuple[int, ...]) -> None:
    beam = Beam(width=4, branching=1, aggregation=how)  # type: ignore[arg-type]
    events = thoughts(0.9, 0.5, 0.6, 0.2)
    for parent, score in enumerate((0.3, 0.55, 0.4, 0.95), start=1):
        events += thoughts(score, parent=parent, first=parent + 4)
    assert decide(beam, events) == Expand(tuple((node, 1) for node in best_first))


def test_a_finished_one_takes_a_place_and_is_not_refilled() -> None:
    said = [step("a", "answer"), step("b"), step("c"), step("d")]
    events = [*under(0, *said), *scored({1: 0.9, 2: 0.8, 3: 0.7, 4: 0.6})]
    assert decide(TWO, events) == Expand(((2, 2),))
    assert decide(TWO, [*events, *thoughts(0.9, 0.8, parent=2, first=5)]) == Expand(((5, 2),))


def test_a_finished_one_that_is_not_kept_takes_no_place_but_is_not_lost() -> None:
    said = [step("a", "answer"), step("b"), step("c"), step("d")]
    events = [*under(0, *said), *scored({1: 0.1, 2: 0.8, 3: 0.7, 4: 0.6})]
    assert decide(TWO, events) == Expand(((2, 2), (3, 2)))
    assert TWO.finish(Tree(events)) == Finish(((1, 0.1),))


def test_an_answer_cut_by_the_length_limit_is_not_finished() -> None:
    said = [step("a", "answer", truncated=True), step("b")]
    events = [*under(0, *said, None, None), *scored({1: 0.9, 2: 0.8})]
    assert decide(TWO, events) == Expand(((1, 2), (2, 2)))


def test_branches_below_the_bound_are_given_up_and_dead_ends_stop_early() -> None:
    beam = Beam(width=2, branching=2, prune_below=0.5)
    assert decide(beam, thoughts(0.5, 0.49, 0.1, 0.2)) == Expand(((1, 2),))
    assert decide(beam, thoughts(0.4, 0.49, 0.1, 0.2)) == Finish(())


def test_places_of_branches_that_were_given_up_or_failed_are_not_refilled() -> None:
    beam = Beam(width=2, branching=2, prune_below=0.5)
    pruned = thoughts(0.9, 0.1, 0.1, 0.1)
    assert decide(beam, [*pruned, *thoughts(0.9, 0.8, parent=1, first=5)]) == Expand(((5, 2),))
    failed = [*under(0, step("a"), None, None, None), *scored({1: 0.9})]
    assert decide(TWO, [*failed, *thoughts(0.9, 0.8, parent=1, first=5)]) == Expand(((5, 2),))


def test_identical_siblings_are_one_candidate_and_leave_their_places_open() -> None:
    same = [*under(0, *[step("a")] * 4), *scored(dict.fromkeys(range(1, 5), 0.9))]
    assert decide(TWO, same) == Expand(((1, 2),))
    assert decide(TWO, [*same, *thoughts(0.9, 0.8, parent=1, first=5)]) == Expand(((5, 2), (6, 2)))


def test_when_all_proposals_fail_it_ends_with_nothing() -> None:
    assert decide(TWO, under(0, None, None, None, None)) == Finish(())


def test_depth_is_bounded() -> None:
    world = World(thinking)
    assert world.play(Beam(width=2, branching=2, max_depth=3)) == Finish(())
    assert [sum(n for _, n in wanted_of(wave)) for wave in world.waves] == [4, 4, 4]


def test_the_best_is_by_outcome_where_there_is_one() -> None:
    said = [step(str(i), "answer") for i in range(4)]
    events = [*under(0, *said), *scored({1: 0.9, 2: 0.8, 3: 0.7, 4: 0.6})]
    assert [node for node, _ in TWO.finish(Tree(events)).nodes] == [1, 2, 3, 4]
    events += scored({1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4}, outcome=True)
    assert decide(TWO, events) == Finish(((4, 0.4), (3, 0.3), (2, 0.2), (1, 0.1)))


def test_answers_are_ranked_by_aggregated_steps_where_there_are_no_outcomes() -> None:
    events = [*thoughts(0.9, 0.5, 0.1, 0.1), *under(1, step("a", "answer"))]
    events += [*under(2, step("b", "answer")), *scored({5: 0.5, 6: 0.8})]
    assert [n for n, _ in Beam(aggregation="last").finish(Tree(events)).nodes] == [6, 5]
    assert [n for n, _ in Beam(aggregation="product").finish(Tree(events)).nodes] == [5, 6]


def test_an_answer_that_was_judged_as_an_outcome_only_is_a_candidate_by_that() -> None:
    said = [step("a", "answer"), step("b"), step("c"), step("d")]
    events = [*under(0, *said), *scored({2: 0.8, 3: 0.7, 4: 0.6}), *scored({1: 0.75}, outcome=True)]
    assert decide(TWO, events) == Expand(((2, 2),))


def test_a_candidate_without_a_score_is_an_error_and_never_a_zero() -> None:
    events = [*under(0, step("a"), step("b"), step("c"), step("d")), *scored({1: 0.1, 2: 0.2})]
    with pytest.raises(VerifierError, match=r"4 candidates .* 2 of them have scores; node 3"):
        decide(TWO, events)
    assert TWO.finish(Tree(events)) == Finish(()), "a budget may have ended it here"
    assert TWO.marks(Tree(events)) == {}


def test_marks_show_what_was_given_up() -> None:
    said = [step("a"), step("a"), step("b"), None]
    events = [*under(0, *said), *scored({1: 0.4, 2: 0.4, 3: 0.6})]
    assert Beam(width=1, branching=4).marks(Tree(events)) == {
        1: Mark(value=0.4, pruned=True),
        2: Mark(value=0.4, pruned=True),
        3: Mark(value=0.6),
        4: Mark(pruned=True),
    }


def test_marks_do_not_call_what_may_still_go_on_given_up() -> None:
    assert Beam(width=1, branching=2).marks(Tree()) == {}
    pending = [*thoughts(0.4, 0.6), *under(2, step("c"))]
    assert set(Beam(width=1, branching=2).marks(Tree(pending))) == {1, 2}


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
    best = world.play(Beam(width=3, branching=2, max_depth=8))
    assert len(world.waves) == depth
    assert len(best.nodes) == 6


def test_it_finds_the_path_that_scores_point_to() -> None:
    def score(path: Path) -> float:
        return sum(place == 1 for place in path) / len(path)

    world = World(answering_at(4), score)
    best = world.play(Beam(width=2, branching=2, aggregation="last"))
    assert world.tree.places(best.nodes[0][0]) == (1, 1, 1, 1)


searches = st.builds(
    Beam,
    width=st.integers(1, 4),
    branching=st.integers(1, 3),
    max_depth=st.integers(1, 4),
    prune_below=st.none() | st.floats(0, 0.6),
    aggregation=st.sampled_from(["last", "min", "product", "mean"]),
)


@settings(max_examples=60, deadline=None)
@given(searches, st.integers(0, 10_000))
def test_width_never_grows_and_nothing_is_asked_twice_or_copied(beam: Beam, seed: int) -> None:
    world = chance_world(seed, same=0)
    best = world.play(beam)
    widths = [len(wanted_of(wave)) for wave in world.waves[1:]]
    assert widths == sorted(widths, reverse=True)
    assert all(width <= beam.width for width in widths)
    asked = [node for wave in world.waves for node, _ in wanted_of(wave)]
    assert len(asked) == len(set(asked))
    assert len(world.waves) <= beam.max_depth
    assert {node for node, _ in best.nodes} == set(world.tree.answers)


@settings(max_examples=40, deadline=None)
@given(searches, st.integers(0, 10_000))
def test_with_duplicates_no_two_of_one_family_go_on(beam: Beam, seed: int) -> None:
    world = chance_world(seed, same=0.5)
    world.play(beam)
    for wave in world.waves[1:]:
        going = [node for node, _ in wanted_of(wave)]
        said = {(world.tree.parent(node), _text(world.tree.step(node))) for node in going}
        assert len(said) == len(going) <= beam.width


def _text(found: Step | None) -> str:
    return found.text if found else ""


async def test_it_searches_over_react() -> None:
    found = await reason(
        "When?",
        policy=ReAct(search_first=False, temperature=1.0),
        strategy=Beam(width=2, branching=2, max_depth=4),
        engine=thinker(["good", "bad"], depth=3),
        verifier=StepScores(),
    )
    assert len(found.tree.children(0)) == 4
    assert "bad" not in " ".join(step.text for step in found.trajectory.steps)
    assert found.answer == "good"
    assert found.forced == ""


async def test_without_a_verifier_of_steps_it_is_refused() -> None:
    with pytest.raises(ConfigError, match="'beam' needs a verifier that scores steps"):
        await reason("When?", policy=ReAct(), strategy=Beam(), engine=thinker(["good"]))
