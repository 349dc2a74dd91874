"""The plain loop gives what `ragreason.reason` gives, and counts what it did."""

import asyncio
from typing import Any, ClassVar

import pytest

from ragreason import registry
from ragreason.errors import ConfigError
from ragreason.generation.scripted import Scripted
from ragreason.nodes.search import reason
from ragreason.policies.cot import Cot
from ragreason.protocols import Judges, Verifier
from ragreason.search.best_of_n import BestOfN
from ragreason.search.greedy import Greedy
from ragreason.search.majority import Majority
from ragreason.search.needs import lacking_verifier
from ragreason.simulation import (
    KnownTree,
    KnownTreeVerifier,
    SimulatedOutcomeVerifier,
    SimulatedProcessVerifier,
    SimulatedReasoner,
    SimulatedVerifier,
    measure,
    simulate,
    simulated_questions,
)
from ragreason.types import Budget, Question, Usage


class InContext(SimulatedVerifier):
    """Scores a step with what came before it."""

    judges: ClassVar[frozenset[Judges]] = frozenset({"prefix", "trajectory"})


REASONER = SimulatedReasoner(p=(0.5, 0.9), depth=3, recovery=0.1, prompt_tokens=7)
VERIFIERS: list[Verifier | None] = [
    None,
    SimulatedVerifier(step_tokens=3),
    SimulatedProcessVerifier(step_tokens=3),
    SimulatedOutcomeVerifier(),
    InContext(step_tokens=3),
]
BUDGETS = [None, Budget(tokens=400), Budget(calls=4), Budget(steps=9)]
PAIRS = [
    (name, verifier)
    for name in registry.known("strategies")
    for verifier in VERIFIERS
    if not lacking_verifier(registry.load("strategies", name), verifier)
]


@pytest.mark.parametrize("budget", BUDGETS, ids=["unbounded", "400 tokens", "4 calls", "9 steps"])
@pytest.mark.parametrize(
    ("name", "verifier"), PAIRS, ids=[f"{name}-{type(v).__name__}" for name, v in PAIRS]
)
def test_the_tree_is_the_one_that_reason_gives(
    name: str, verifier: Verifier | None, budget: Budget | None
) -> None:
    strategy = registry.load("strategies", name)()
    parts: dict[str, Any] = {"policy": REASONER, "strategy": strategy, "verifier": verifier}
    for question in simulated_questions(2):
        assert_the_same(question, {**parts, "seed": 3, "budget": budget})


def assert_the_same(question: Question, parts: dict[str, Any]) -> None:
    fast = simulate(question, **parts)
    slow = asyncio.run(reason(question, engine=Scripted(), **parts))
    assert fast.tree.events == slow.tree.events
    assert (fast.best, fast.answer, fast.usage) == (slow.best, slow.answer, slow.usage)
    assert fast.forced == slow.forced


@pytest.mark.parametrize("budget", [None, Budget(calls=3)], ids=["unbounded", "3 calls"])
def test_branches_with_the_same_steps_are_one_request(budget: Budget | None) -> None:
    policy = KnownTree(branching=2, depth=3)
    parts: dict[str, Any] = {"policy": policy, "verifier": KnownTreeVerifier()}
    for question in simulated_questions(5):
        assert_the_same(question, {**parts, "strategy": BestOfN(n=7), "budget": budget})
    done = simulate(question, strategy=BestOfN(n=7), **parts)
    assert done.usage.calls <= 1 + 2 + 4


def test_waves_and_tokens_are_counted() -> None:
    policy = SimulatedReasoner(depth=3, step_tokens=10, prompt_tokens=5)
    (question,) = simulated_questions(1)
    verifier = SimulatedVerifier(step_tokens=2)
    done = simulate(question, policy=policy, strategy=BestOfN(n=4), verifier=verifier)
    assert done.waves == 3
    prompts = 5 + 4 * 15 + 4 * 25  # the first wave is one request, the others four each
    assert done.usage == Usage(
        prompt_tokens=prompts,
        completion_tokens=4 * 3 * 10,
        verifier_tokens=4 * 3 * 2,
        calls=1 + 4 + 4 + 1,
    )
    measured = measure([question], policy=policy, strategy=BestOfN(n=4), verifier=verifier)
    assert (measured.waves[0], measured.tokens[0]) == (3, done.usage.tokens)
    assert measured.verifier_tokens[0] == done.usage.verifier_tokens


def test_a_strategy_without_its_verifier_is_refused() -> None:
    with pytest.raises(ConfigError, match="needs a verifier"):
        simulate(simulated_questions(1)[0], policy=REASONER, strategy=BestOfN())


def test_a_policy_that_waits_is_refused() -> None:
    with pytest.raises(ConfigError, match="waits"):
        simulate(simulated_questions(1)[0], policy=Cot(), strategy=Greedy())


def test_the_same_seed_gives_the_same_and_another_another() -> None:
    questions = simulated_questions(40)
    one, same, other = (
        measure(questions, policy=REASONER, strategy=Majority(n=3), seed=seed) for seed in (1, 1, 2)
    )
    assert one.right.tolist() == same.right.tolist() != other.right.tolist()


def test_a_search_that_finishes_nothing_answers_nothing() -> None:
    done = simulate(simulated_questions(1)[0], policy=REASONER, strategy=Greedy(max_depth=2))
    assert (done.best, done.answer) == ((), "")
