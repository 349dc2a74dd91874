"""Strategies on hand-drawn trees."""

import pytest

from ragreason.protocols import Strategy
from ragreason.search.best_of_n import BestOfN
from ragreason.search.greedy import Greedy
from ragreason.tree import Added, Asked, Event, Expand, Finish, Judged, Tree
from ragreason.types import Step, StepKind, Usage, Verdict


def added(parent: int, kind: StepKind = "thought", *, truncated: bool = False) -> Added:
    step = Step(kind=kind, text=kind, answer="x" if kind == "answer" else "", truncated=truncated)
    return Added(parent=parent, step=step)


def judged(node: int, score: float) -> Judged:
    return Judged(node=node, verdict=Verdict(score=score), outcome=True)


def decide(strategy: Strategy, *events: Event) -> object:
    return strategy.decide(Tree(events), Usage())


def test_greedy_opens_one_branch_and_follows_it() -> None:
    assert decide(Greedy()) == Expand(((0, 1),))
    assert decide(Greedy(), Asked(node=0, n=1), added(0)) == Expand(((1, 1),))


def test_greedy_finishes_at_an_answer() -> None:
    assert decide(Greedy(), added(0), added(1, "answer")) == Finish(((2, 0.0),))


def test_greedy_finishes_empty_at_its_depth() -> None:
    assert decide(Greedy(max_depth=2), added(0), added(1)) == Finish(())


def test_greedy_does_not_retry_a_failed_proposal() -> None:
    assert decide(Greedy(), Added(parent=0, step=None, reason="budget")) == Finish(())


def test_an_answer_cut_by_the_length_limit_is_not_finished() -> None:
    assert decide(Greedy(), added(0, "answer", truncated=True)) == Expand(((1, 1),))


def test_best_of_n_opens_all_branches_as_one_request() -> None:
    assert decide(BestOfN(n=3)) == Expand(((0, 3),))


def test_best_of_n_extends_only_what_is_open_and_refills_nothing() -> None:
    events = (added(0), added(0, "answer"), added(0), added(1, "answer"))
    assert decide(BestOfN(n=3), *events) == Expand(((3, 1),))


def test_best_of_n_picks_the_best_outcome_and_ties_keep_their_order() -> None:
    answers = [added(0, "answer") for _ in range(4)]
    scores = [judged(1, 0.2), judged(2, 0.9), judged(3, 0.9)]
    best = decide(BestOfN(n=4), *answers, *scores)
    assert best == Finish(((2, 0.9), (3, 0.9), (1, 0.2), (4, 0.0)))


@pytest.mark.parametrize("n", [1, 2, 5])
def test_best_of_n_never_has_more_than_n_trajectories(n: int) -> None:
    events: list[Event] = []
    strategy = BestOfN(n=n, max_depth=3)
    while isinstance(decision := strategy.decide(Tree(events), Usage()), Expand):
        for node, count in decision.nodes:
            events += [Asked(node=node, n=count), *(added(node) for _ in range(count))]
    assert len(Tree(events).leaves) == n
    assert len(events) == 3 * n + 1 + 2 * n  # steps, and what was asked for


def test_among_equals_an_answer_that_says_something_comes_first() -> None:
    silent = Added(parent=0, step=Step(kind="answer", text="again"))
    best = decide(BestOfN(n=3), silent, added(0, "answer"), silent)
    assert best == Finish(((2, 0.0), (1, 0.0), (3, 0.0)))
