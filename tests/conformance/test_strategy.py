"""What every registered strategy keeps: purity, an end, and the best of what is there."""

import random

import pytest

from ragreason import registry
from ragreason.protocols import Strategy
from ragreason.search.mcts import MCTS
from ragreason.tree import Added, Asked, Event, Expand, Finish, Judged, RollOut, Tree
from ragreason.types import Step, StepKind, Usage, Verdict


@pytest.fixture(params=registry.known("strategies"))
def strategy(request: pytest.FixtureRequest) -> Strategy:
    part: Strategy = registry.load("strategies", request.param)()
    return part


def play(strategy: Strategy, seed: int, answers: float) -> tuple[list[Event], Finish]:
    """Let it search a random world where a step is an answer with probability `answers`."""
    draw = random.Random(seed)
    events: list[Event] = []
    for _ in range(200):
        tree = Tree(events)
        decision = strategy.decide(tree, Usage())
        assert strategy.decide(Tree(list(events)), Usage()) == decision, "not a pure function"
        if isinstance(decision, Finish):
            return events, decision
        for node, n in wanted(decision):
            assert not tree.finished(node) or getattr(strategy, "revises", False)
            assert not tree.failed(node)
            events.append(Asked(node=node, n=n))
            for _ in range(n):
                right = draw.random() < answers
                step = Step(kind="answer" if right else "thought", text="s", answer="a" * right)
                events.append(Added(parent=node, step=step if draw.random() < 0.95 else None))
                verdict = Verdict(score=draw.random())
                events.append(Judged(node=len(Tree(events)) - 1, verdict=verdict, outcome=right))
    pytest.fail("it never finished")


def wanted(decision: Expand | RollOut) -> list[tuple[int, int]]:
    if isinstance(decision, Expand):
        return list(decision.nodes)
    return [(node, 1) for node in decision.nodes]


@pytest.mark.parametrize("answers", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_it_ends_with_finished_nodes_best_first(
    strategy: Strategy, seed: int, answers: float
) -> None:
    events, end = play(strategy, seed, answers)
    tree = Tree(events)
    assert {n for n, _ in end.nodes} <= set(tree.answers)
    weights = [weight for _, weight in end.nodes]
    assert weights == sorted(weights, reverse=True)
    assert bool(end.nodes) == bool(tree.answers)


def test_an_empty_tree_is_opened(strategy: Strategy) -> None:
    assert isinstance(strategy.decide(Tree(), Usage()), Expand | RollOut)


def test_stopped_early_it_gives_the_best_it_has(strategy: Strategy) -> None:
    events: list[Event] = [
        Asked(node=0, n=3),
        Added(parent=0, step=Step(kind="thought", text="t")),
        Added(parent=0, step=Step(kind="answer", text="a", answer="a")),
    ]
    assert [node for node, _ in strategy.finish(Tree(events)).nodes] == [2]
    assert strategy.finish(Tree()) == Finish(())


def test_an_answer_with_a_perfect_score_does_not_end_the_search(strategy: Strategy) -> None:
    if getattr(strategy, "scales", None) is None:
        pytest.skip("its budget is one answer")
    events: list[Event] = []
    for _ in range(200):
        tree = Tree(events)
        decision = strategy.decide(tree, Usage())
        if isinstance(decision, Finish):
            break
        for node, n in wanted(decision):
            events.append(Asked(node=node, n=n))
            for i in range(n):
                ends = node > 0 or i == 0
                name = f"{node}.{i}"
                kind: StepKind = "answer" if ends else "thought"
                step = Step(kind=kind, text=name, answer=name if ends else "")
                events.append(Added(parent=node, step=step))
                new = len(Tree(events)) - 1
                events.append(Judged(node=new, verdict=Verdict(score=1.0)))
                if ends:
                    events.append(Judged(node=new, verdict=Verdict(score=1.0), outcome=True))
    assert len(tree.answers) > 1, "only who knows gold could stop at the first"
    if isinstance(strategy, MCTS):
        assert strategy.marks(tree)[0].visits == strategy.simulations
