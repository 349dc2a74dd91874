"""Monte-Carlo tree search on hand-drawn trees."""

from math import ceil, inf, log, sqrt
from typing import Any, Literal

import pytest
from hypothesis import given, settings, strategies as st

from ragreason.errors import ConfigError, VerifierError
from ragreason.nodes.search import reason
from ragreason.policies.react import ReAct
from ragreason.search.mcts import MCTS
from ragreason.search.uct import puct, puct_c, uct
from ragreason.tree import ROOT, Event, Expand, Finish, Mark, RollOut, Tree
from ragreason.types import Step, Usage
from tests.search.drawn import (
    Path,
    World,
    answering_at,
    chance_world,
    drawn_at,
    scored,
    step,
    thinking,
    thoughts,
    under,
    wanted_of,
)
from tests.search.engines import StepScores, thinker


def mcts(**fields: Any) -> MCTS:
    """One leaf a wave, with the published exploration."""
    plain = {"branching": 2, "parallel": 1, "aggregation": "last", "exploration": None}
    given: dict[str, Any] = plain | fields
    return MCTS(**given)


def decide(strategy: MCTS, events: list[Event]) -> object:
    return strategy.decide(Tree(events), Usage())


def test_by_default_it_explores_little() -> None:
    assert MCTS().exploration == 0.2
    events = [*with_priors(), *thoughts(0.1, 0.1, 0.1, parent=2, first=4)]
    first, second = 0.5 + 0.6 * 0.2, 0.6 + 0.3 * 0.2 / 2
    assert first < second
    assert decide(MCTS(branching=3, parallel=1), events) == Expand(((4, 3),))
    assert decide(mcts(branching=3), events) == Expand(((1, 3),))


def shown(strategy: MCTS, events: list[Event]) -> dict[int, tuple[int, float | None]]:
    marks = strategy.marks(Tree(events))
    return {node: (mark.visits, mark.value) for node, mark in marks.items() if mark.visits}


def test_the_root_is_expanded_once_and_first() -> None:
    assert decide(MCTS(branching=3), []) == Expand(((0, 3),))
    world = World(thinking)
    world.play(mcts(simulations=20, max_depth=3))
    assert [0 in dict(wanted_of(wave)) for wave in world.waves[:2]] == [True, False]
    assert len(world.tree.children(ROOT)) == 2


ONE = thoughts(0.8, 0.6)
"""1 and 2 under the root."""
THREE = [*ONE, *thoughts(0.3, 0.5, parent=1, first=3), *thoughts(0.9, 0.1, parent=2, first=5)]
"""3 and 4 under 1, 5 and 6 under 2."""


def test_uct_goes_where_the_formula_says() -> None:
    search = mcts(formula="uct", simulations=4)
    assert decide(search, ONE) == Expand(((1, 2),)), "of two not visited, the better judged"
    assert decide(search, THREE[:8]) == Expand(((2, 2),)), "each is tried once"
    first, second = uct(0.8, 1, 2, 1.4), uct(0.6, 1, 2, 1.4)
    assert first == pytest.approx(0.8 + 1.4 * sqrt(log(2)), abs=1e-9)
    assert first > second
    assert decide(search, THREE) == Expand(((4, 2),))
    four = [*THREE, *thoughts(0.5, 0.5, parent=4, first=7)]
    assert shown(mcts(formula="uct", simulations=3), four) == {
        0: (3, pytest.approx((0.8 + 0.6 + 0.5) / 3, abs=1e-9)),
        1: (2, pytest.approx(0.65, abs=1e-9)),
        2: (1, 0.6),
        4: (1, 0.5),
    }
    explored, other = 0.65 + 1.4 * sqrt(log(3) / 2), 0.6 + 1.4 * sqrt(log(3))
    assert explored < other
    assert decide(search, four) == Expand(((5, 2),))


def with_priors() -> list[Event]:
    said = [
        step("a", logprob=log(0.6)),
        step("b", logprob=log(0.3)),
        step("c", logprob=log(0.1)),
    ]
    return [*under(0, *said), *scored({1: 0.5, 2: 0.6, 3: 0.4})]


def test_puct_goes_where_the_formula_says() -> None:
    search = mcts(formula="puct", branching=3, simulations=3)
    events = with_priors()
    assert decide(search, events) == Expand(((2, 3),)), "nothing was visited: the value alone"
    events += thoughts(0.1, 0.1, 0.1, parent=2, first=4)
    c = 1.25 + log((1 + 19653) / 19652)
    likely, better = 0.5 + 0.6 * c * sqrt(1) / (1 + 0), 0.6 + 0.3 * c * sqrt(1) / (1 + 1)
    assert likely > better
    assert decide(search, events) == Expand(((1, 3),))
    events += thoughts(0.1, 0.1, 0.1, parent=1, first=7)
    c = 1.25 + log((2 + 19653) / 19652)
    urgencies = [
        0.5 + 0.6 * c * sqrt(2) / 2,  # 1.030
        0.6 + 0.3 * c * sqrt(2) / 2,  # 0.865
        0.4 + 0.1 * c * sqrt(2) / 1,  # 0.577
    ]
    assert max(urgencies) == urgencies[0]
    assert decide(search, events) == Expand(((7, 3),)), "among equals the first"


def test_a_constant_exploration_takes_the_place_of_the_growing_one() -> None:
    events = [*with_priors(), *thoughts(0.1, 0.1, 0.1, parent=2, first=4)]
    assert 0.5 + 0.6 * 0.1 < 0.6 + 0.3 * 0.1 / 2
    assert decide(mcts(branching=3, exploration=0.1), events) == Expand(((4, 3),))


def test_identical_siblings_are_one_child_with_the_sum_of_their_priors() -> None:
    said = [step("a", logprob=log(0.4)), *[step("b", logprob=log(0.3))] * 2]
    events = [*under(0, *said), *scored({1: 0.5, 2: 0.5, 3: 0.5})]
    search = mcts(branching=3, simulations=1)
    assert decide(search, events) == Expand(((2, 3),)), "0.6 against 0.4"
    assert search.marks(Tree(events))[3] == Mark(value=0.5, pruned=True)
    world = World(lambda path: step("same"))
    world.play(mcts(branching=3, simulations=6, max_depth=5))
    assert all(node == 0 or world.tree.places(node)[-1] == 0 for node in world.tree.asked)


def test_first_play_urgency_is_what_an_unvisited_child_has() -> None:
    events = [*ONE, *thoughts(0.3, 0.5, parent=1, first=3)]
    loose = mcts(formula="uct", first_play_urgency=0.9, exploration=0.05)
    strict = mcts(formula="uct", first_play_urgency=0.7, exploration=0.05)
    visited = 0.8 + 0.05 * sqrt(log(1) / 1)
    assert 0.7 < visited < 0.9
    assert decide(loose, events) == Expand(((2, 2),))
    assert decide(strict, events) == Expand(((4, 2),))
    assert decide(mcts(exploration=0.0, first_play_urgency=0.9), events) == Expand(((2, 2),))
    assert decide(mcts(exploration=0.0, first_play_urgency=0.1), events) == Expand(((4, 2),))


def test_without_exploration_it_is_greedy() -> None:
    events = [*ONE, *thoughts(0.75, 0.7, parent=1, first=3)]
    for formula in ("uct", "puct"):
        search = mcts(formula=formula, exploration=0.0, simulations=2)
        assert decide(search, ONE) == Expand(((1, 2),))
        assert decide(search, events) == Expand(((3, 2),)), "2 was never visited and stays so"


def test_values_are_running_means_and_never_divided_by_visits_again() -> None:
    answer = [*under(0, step("a", "answer"), None), *scored({1: 0.8})]
    search = mcts(simulations=10)
    assert shown(search, answer) == {0: (10, 0.8), 1: (10, 0.8)}
    assert decide(search, answer) == Finish(((1, 0.8),))


def test_a_leaf_is_worth_a_mix_of_process_and_outcome_score() -> None:
    answer = [*under(0, step("a", "answer"), None), *scored({1: 0.8})]
    both = [*answer, *scored({1: 0.2}, outcome=True)]
    for mix, value in ((0.0, 0.8), (0.25, 0.65), (1.0, 0.2)):
        mixed = mcts(simulations=1, mix=mix).marks(Tree(both))[1]
        assert mixed.value == pytest.approx(value, abs=1e-12)
    only = [*answer[:-1], *scored({1: 0.2}, outcome=True)]
    assert shown(mcts(simulations=1, mix=0.0), only)[1] == (1, 0.2)
    assert shown(mcts(simulations=1, mix=1.0), answer)[1] == (1, 0.8)


def test_steps_are_aggregated_as_told() -> None:
    events = [*thoughts(0.8, parent=0), *thoughts(0.4, parent=1, first=2)]
    answer = [*events, *under(2, step("a", "answer")), *scored({3: 0.6})]
    for how, value in (("last", 0.6), ("min", 0.4), ("product", 0.192), ("mean", 0.6)):
        search = MCTS(branching=1, parallel=1, simulations=3, aggregation=how)  # type: ignore[arg-type]
        assert search.marks(Tree(answer))[3].value == pytest.approx(value, abs=1e-12)


def test_what_was_not_judged_is_neutral() -> None:
    events = [*under(0, step("a"), step("b", "answer")), *scored({2: 0.3}, outcome=True)]
    assert decide(mcts(exploration=0.0), events) == Expand(((1, 2),))
    events += under(1, step("c"), step("d"))
    search = mcts(exploration=0.0, simulations=1)
    assert decide(search, events) == Finish(((2, 0.3),))
    assert shown(search, events) == {0: (1, 0.5), 1: (1, 0.5)}
    known = mcts(exploration=0.0, simulations=1, first_play_urgency=0.4)
    assert shown(known, events) == {0: (1, 0.4), 1: (1, 0.4)}


def test_a_dead_end_is_worth_the_lowest_and_is_not_asked_again() -> None:
    dead = [*thoughts(0.9, 0.8), *under(1, None, None)]
    assert shown(mcts(simulations=1), dead)[1] == (1, 0.0)
    assert decide(mcts(exploration=0.0), dead) == Expand(((2, 2),))
    deep = mcts(simulations=4, max_depth=1)
    assert decide(deep, ONE) == Finish(())
    assert shown(deep, ONE)[0] == (4, 0.0)
    assert decide(mcts(simulations=4), under(0, None, None)) == Finish(())
    assert shown(mcts(simulations=4), under(0, None, None)) == {0: (4, 0.0)}


def test_an_answer_cut_by_the_length_limit_is_not_finished() -> None:
    cut = [*under(0, step("a", "answer", truncated=True), step("b")), *scored({1: 0.9, 2: 0.1})]
    assert decide(mcts(), cut) == Expand(((1, 2),))
    assert mcts().finish(Tree(cut)) == Finish(())


def test_some_siblings_without_scores_are_an_error_and_never_zeros() -> None:
    events = [*under(0, step("a"), step("b")), *scored({1: 0.5})]
    with pytest.raises(VerifierError, match=r"2 siblings .* 1 of them have scores; node 2"):
        decide(mcts(), events)
    assert mcts().finish(Tree(events)) == Finish(()), "a budget may have ended it here"
    assert mcts().marks(Tree(events))[1].value == 0.5


def test_virtual_losses_spread_the_leaves_of_a_wave() -> None:
    search = mcts(parallel=2, exploration=0.0, simulations=4)
    assert decide(search, ONE) == Expand(((1, 2), (2, 2)))
    events = [*ONE, *thoughts(0.3, 0.5, parent=1, first=3), *thoughts(0.4, 0.1, parent=2, first=5)]
    assert 0.8 * 1 / 2 < 0.6, "with a loss, 1 falls behind 2"
    assert decide(search, events) == Expand(((4, 2), (5, 2)))


def test_virtual_losses_are_taken_back() -> None:
    events = [*ONE, *thoughts(0.3, 0.5, parent=1, first=3), *thoughts(0.4, 0.1, parent=2, first=5)]
    assert shown(mcts(parallel=2, exploration=0.0, simulations=2), events) == {
        0: (2, pytest.approx(0.7, abs=1e-12)),
        1: (1, 0.8),
        2: (1, 0.6),
    }


def test_a_wave_has_as_many_leaves_as_it_may_where_there_are_so_many() -> None:
    world = World(thinking, lambda path: 0.9 if path[0] == 0 else 0.1)
    world.play(MCTS(simulations=32, branching=4, parallel=8, exploration=0.0))
    assert [len(wanted_of(wave)) for wave in world.waves] == [1, 4, 8, 8, 8]


def test_a_wave_with_too_few_leaves_visits_some_twice_and_asks_once() -> None:
    world = World(thinking)
    search = MCTS(simulations=8, branching=2, parallel=8)
    world.play(search)
    assert [wave.nodes for wave in world.waves if isinstance(wave, Expand)] == [
        ((0, 2),),
        ((1, 2), (2, 2)),
    ]
    assert search.marks(world.tree)[0].visits == 8


@pytest.mark.parametrize("parallel", [1, 3, 8])
def test_waves_are_at_most_simulations_over_parallel_and_one(parallel: int) -> None:
    world = World(thinking)
    world.play(MCTS(simulations=32, branching=4, parallel=parallel))
    assert len(world.waves) == ceil(32 / parallel) + 1


def outcomes_only() -> World:
    """Three steps to an answer; only answers are judged."""
    return World(answering_at(3), lambda path: None, lambda path: 0.5 + 0.1 * sum(path))


def test_a_roll_out_goes_by_one_step_a_decision_to_an_answer_and_backs_up_its_outcome() -> None:
    world = outcomes_only()
    world.play(mcts(roll_out=True, simulations=2))
    assert world.waves == [
        Expand(((0, 2),)),
        Expand(((1, 2),)),
        RollOut((3,)),
        Expand(((2, 2),)),
        RollOut((6,)),
    ]
    assert world.tree.path(5) == (1, 3, 5)
    assert shown(mcts(roll_out=True, simulations=2), world.events) == {
        0: (2, pytest.approx(0.55, abs=1e-12)),
        1: (1, 0.5),
        2: (1, pytest.approx(0.6, abs=1e-12)),
    }


def test_steps_of_a_roll_out_stay_and_count_among_the_children_asked_for_later() -> None:
    world = outcomes_only()
    world.play(mcts(roll_out=True, simulations=8, branching=3, exploration=0.5))
    rolled = [wave.nodes[0] for wave in world.waves if isinstance(wave, RollOut)]
    expanded = dict(pair for w in world.waves if isinstance(w, Expand) for pair in w.nodes)
    again = [node for node in rolled if node in expanded]
    assert again, "a roll-out led through a node that was expanded later"
    assert all(expanded[node] == 2 for node in again)
    assert max(world.tree.asked.values()) == 3


def test_outcomes_of_roll_outs_tell_leaves_apart_in_any_range() -> None:
    world = World(answering_at(3), lambda path: None, lambda path: -7.0 + 3 * path[0])
    world.play(mcts(roll_out=True, simulations=3, exploration=0.01))
    expanded = [wave.nodes[0][0] for wave in world.waves if isinstance(wave, Expand)]
    assert expanded[:3] == [0, 1, 2]
    assert world.tree.parent(expanded[3]) == 2, "-4 is better than -7"


def test_roll_outs_of_a_wave_go_on_together() -> None:
    world = outcomes_only()
    world.play(MCTS(roll_out=True, simulations=2, branching=2, parallel=2))
    assert world.waves == [Expand(((0, 2),)), Expand(((1, 2), (2, 2))), RollOut((3, 5))]


def test_a_roll_out_that_fails_or_does_not_end_is_worth_the_lowest() -> None:
    barren = [*ONE, *under(1, None, None)]
    assert decide(mcts(roll_out=True, simulations=1), barren) == Finish(())
    failing = World(lambda path: None if len(path) == 3 else step(str(path)), lambda path: None)
    assert failing.play(mcts(roll_out=True, simulations=1)) == Finish(())
    assert shown(mcts(roll_out=True, simulations=1), failing.events)[0] == (1, 0.0)
    endless = World(thinking, lambda path: None)
    search = mcts(roll_out=True, simulations=1, max_depth=4)
    assert endless.play(search) == Finish(())
    assert [len(wanted_of(wave)) for wave in endless.waves] == [1, 1, 1, 1]
    assert shown(search, endless.events)[0] == (1, 0.0)


def test_the_best_is_by_value_or_by_visits() -> None:
    said = [step("a", "answer"), step("b", "answer")]
    events = [*under(0, *said), *scored({1: 0.5, 2: 0.6}), *scored({1: 0.6, 2: 0.5}, outcome=True)]
    fields = {"simulations": 5, "exploration": 0.0, "mix": 0.0}
    assert decide(mcts(**fields), events) == Finish(((2, 0.6), (1, 0.5)))
    assert decide(mcts(**fields, best="visits"), events) == Finish(((2, 5.0), (1, 0.0)))
    fields["mix"] = 1.0
    assert decide(mcts(**fields, best="visits"), events) == Finish(((1, 5.0), (2, 0.0)))


def test_answers_without_a_verdict_come_last() -> None:
    said = [step("a", "answer"), step("b", "answer")]
    events = [*under(0, *said), *scored({2: -3.0}, outcome=True)]
    assert mcts().finish(Tree(events)) == Finish(((2, -3.0), (1, -3.0)))


def test_among_equals_an_answer_that_says_something_comes_first() -> None:
    said = [step("a", "answer", answer=""), step("b", "answer")]
    events = [*under(0, *said), *scored({1: 0.5, 2: 0.5})]
    assert mcts().finish(Tree(events)) == Finish(((2, 0.5), (1, 0.5)))


def test_by_visits_answers_that_were_visited_as_often_are_ranked_by_value() -> None:
    said = [step("a", "answer"), step("b", "answer")]
    events = [*under(0, *said), *scored({1: 0.2, 2: 0.6})]
    search = mcts(best="visits", formula="uct", simulations=2)
    assert decide(search, events) == Finish(((2, 1.0), (1, 1.0)))


@pytest.mark.parametrize("formula", ["uct", "puct"])
@pytest.mark.parametrize("best", ["value", "visits"])
@pytest.mark.parametrize("parallel", [1, 8])
@pytest.mark.parametrize("seed", range(6))
def test_enough_simulations_find_the_best_leaf_of_a_known_tree(
    formula: str, best: str, parallel: int, seed: int
) -> None:
    draw = drawn_at((), seed)
    best_leaf = (draw.randrange(3), draw.randrange(3), draw.randrange(3))

    def value(path: Path) -> float:
        """Only the leaves tell anything."""
        below = 0.85 * drawn_at(path, seed).random()
        return (1.0 if path == best_leaf else below) if len(path) == 3 else 0.5

    world = World(answering_at(3), value, value)
    fields: dict[str, Any] = {"formula": formula, "best": best, "parallel": parallel}
    fields["exploration"] = None  # inner nodes tell nothing here, so all has to be tried
    found = world.play(MCTS(simulations=400, branching=3, **fields))
    assert world.tree.places(found.nodes[0][0]) == best_leaf


def test_a_larger_budget_goes_on_from_what_a_smaller_one_found() -> None:
    small, whole = chance_world(3), chance_world(3)
    small.play(mcts(simulations=6))
    known = list(small.events)
    small.play(mcts(simulations=14))
    whole.play(mcts(simulations=14))
    assert small.events == whole.events
    assert small.events[: len(known)] == known


searches = st.builds(
    MCTS,
    simulations=st.integers(1, 40),
    branching=st.integers(1, 4),
    max_depth=st.integers(1, 5),
    parallel=st.integers(1, 8),
    formula=st.sampled_from(["uct", "puct"]),
    exploration=st.none() | st.floats(0, 3),
    first_play_urgency=st.none() | st.floats(0, 1),
    roll_out=st.booleans(),
    mix=st.floats(0, 1),
    best=st.sampled_from(["value", "visits"]),
    aggregation=st.sampled_from(["last", "min", "product", "mean"]),
)


@settings(max_examples=80, deadline=None)
@given(searches, st.integers(0, 10_000), st.booleans())
def test_root_visits_are_the_simulations_and_values_stay_in_range(
    search: MCTS, seed: int, scores: bool
) -> None:
    world = chance_world(seed, scores=scores)
    best = world.play(search)
    marks = search.marks(world.tree)
    assert marks[ROOT].visits == search.simulations
    assert all(0 <= mark.value <= 1 for mark in marks.values() if mark.value is not None)
    for node, mark in marks.items():
        below = sum(marks[child].visits for child in world.tree.children(node))
        assert below <= mark.visits
        assert not (mark.pruned and mark.visits)
    assert {node for node, _ in best.nodes} == set(world.tree.answers)


@settings(max_examples=80, deadline=None)
@given(searches, st.integers(0, 10_000))
def test_no_node_is_asked_for_more_than_its_branches_and_waves_are_counted(
    search: MCTS, seed: int
) -> None:
    world = chance_world(seed)
    world.play(search)
    expands = [wave for wave in world.waves if isinstance(wave, Expand)]
    assert len(expands) <= ceil(search.simulations / search.parallel) + 1
    assert all(len(wave.nodes) <= search.parallel for wave in world.waves)
    assert max(world.tree.asked.values()) <= search.branching
    expanded = [node for wave in expands for node, _ in wave.nodes]
    assert len(expanded) == len(set(expanded))
    if not search.roll_out:
        assert len(world.waves) == len(expands)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["uct", "puct"]), st.sampled_from([-7.0, 1.0, 40.0]))
def test_scores_of_any_range_stay_in_it(seed: int, formula: Any, low: float) -> None:
    def score(path: Path) -> float:
        return low + 3 * drawn_at(path, seed).random()

    world = World(answering_at(3), score, score)
    search = MCTS(simulations=20, branching=3, formula=formula)
    best = world.play(search)
    marks = search.marks(world.tree)
    assert all(low <= mark.value <= low + 3 for mark in marks.values() if mark.value is not None)
    assert all(low <= weight <= low + 3 for _, weight in best.nodes)


def test_scores_outside_0_and_1_tell_children_apart() -> None:
    for scores in ((3.0, 5.0), (-5.0, -3.0)):
        assert decide(mcts(exploration=0.0), thoughts(*scores)) == Expand(((2, 2),))


class Online:
    """The same search, one simulation at a time and without replay: slow and plain."""

    def __init__(self, world: World, search: MCTS) -> None:
        self.world, self.search = world, search
        self.children: dict[Path, list[Path]] = {}
        self.prior: dict[Path, float] = {}
        self.visits: dict[Path, int] = {(): 0}
        self.total: dict[Path, float] = {(): 0.0}
        self.expand(())
        for _ in range(search.simulations):
            self.simulate()

    def value(self, path: Path) -> float:
        score, outcome = self.world.score(path), self.world.outcome(path)
        if self.step(path).kind != "answer" or outcome is None:
            return 0.5 if score is None else score
        return outcome if score is None else (score + outcome) / 2

    def step(self, path: Path) -> Step:
        found = self.world.propose(path)
        assert found is not None
        return found

    def expand(self, path: Path) -> None:
        count: dict[str, list[Path]] = {}
        for place in range(self.search.branching):
            proposal = self.world.propose((*path, place))
            if proposal is not None:
                count.setdefault(proposal.text, []).append((*path, place))
        alive = sum(map(len, count.values()))
        self.children[path] = [same[0] for same in count.values()]
        for same in count.values():
            self.prior[same[0]] = len(same) / alive
            self.visits[same[0]], self.total[same[0]] = 0, 0.0

    def simulate(self) -> None:
        path: Path = ()
        while self.children.get(path):
            path = max(self.children[path], key=self.rank)
        deep = len(path) >= self.search.max_depth
        ends = bool(path) and self.step(path).kind == "answer"
        if not deep and not ends and path not in self.children:
            self.expand(path)
        lost = not ends and (deep or not self.children[path])
        value = 0.0 if lost else self.value(path)
        for end in range(len(path) + 1):
            self.visits[path[:end]] += 1
            self.total[path[:end]] += value

    def rank(self, path: Path) -> tuple[float, float, float]:
        n, parent = self.visits[path], self.visits[path[:-1]]
        deep = len(path) >= self.search.max_depth and self.step(path).kind != "answer"
        guess = 0.0 if deep else self.value(path)
        mean = self.total[path] / n if n else guess
        if self.search.formula == "puct":
            urgency = puct(mean, self.prior[path], n, parent, puct_c(parent))
        else:
            urgency = inf if n == 0 else uct(mean, n, parent, 1.4)
        return round(urgency, 9), guess, self.prior[path]


@pytest.mark.parametrize("formula", ["uct", "puct"])
@pytest.mark.parametrize("seed", range(12))
def test_a_replayed_search_is_the_same_as_one_that_remembers(formula: str, seed: int) -> None:
    fields: dict[str, Any] = {"formula": formula, "simulations": 60, "max_depth": 4}
    search = mcts(branching=3, **fields)
    world = chance_world(seed)
    world.play(search)
    slow = Online(chance_world(seed), search)
    marks = search.marks(world.tree)
    fast = {world.tree.places(node): mark for node, mark in marks.items() if mark.visits}
    assert {path: mark.visits for path, mark in fast.items()} == {
        path: n for path, n in slow.visits.items() if n
    }
    for path, mark in fast.items():
        assert mark.value == pytest.approx(slow.total[path] / slow.visits[path], abs=1e-9)


@pytest.mark.parametrize("formula", ["uct", "puct"])
@pytest.mark.parametrize("roll_out", [False, True])
async def test_it_searches_over_react(formula: Any, roll_out: bool) -> None:
    found = await reason(
        "When?",
        policy=ReAct(search_first=False, temperature=1.0),
        strategy=MCTS(simulations=12, branching=2, max_depth=4, formula=formula, roll_out=roll_out),
        engine=thinker(["good", "bad"], depth=3),
        verifier=StepScores(),
    )
    assert found.answer == "good"
    assert "bad" not in " ".join(step.text for step in found.trajectory.steps)
    assert found.forced == ""


async def test_without_a_verifier_it_is_refused() -> None:
    with pytest.raises(ConfigError, match="'mcts' needs a verifier that scores steps or trajector"):
        await reason("When?", policy=ReAct(), strategy=MCTS(), engine=thinker(["good"]))


@pytest.mark.parametrize(("formula", "asked"), [("puct", True), ("uct", False)])
async def test_priors_are_how_likely_the_engine_finds_its_proposals(
    formula: Literal["puct", "uct"], asked: bool
) -> None:
    engine = thinker(["good thing", "bad thing", "worse thing"])
    found = await reason(
        "Which?",
        strategy=MCTS(simulations=4, branching=3, max_depth=2, formula=formula),
        verifier=StepScores(),
        policy=ReAct(search_first=False, temperature=1.0),
        engine=engine,
    )
    steps = [found.tree.step(node) for node in range(1, len(found.tree))]
    assert {step.logprob is not None for step in steps if step is not None} == {asked}
    assert {request.logprobs for request in engine.requests} == {asked}
