"""A finite tree, known in full."""

import asyncio

import pytest

from ragreason.errors import ConfigError, VerifierError
from ragreason.generation.scripted import Scripted
from ragreason.search.best_of_n import BestOfN
from ragreason.search.greedy import Greedy
from ragreason.simulation import KnownTree, KnownTreeVerifier, simulate, simulated_questions
from ragreason.types import Step, Trajectory

(QUESTION,) = simulated_questions(1)
TREE = KnownTree(branching=3, depth=2)


def propose(*steps: Step, n: int, seed: int = 0) -> list[Step]:
    work = TREE.propose(QUESTION, Trajectory(steps=steps), n, Scripted(), seed=seed)
    return asyncio.run(work)


def test_the_leaves_are_all_places_and_worth_the_mean_of_their_steps() -> None:
    leaves = TREE.leaves(QUESTION)
    assert list(leaves) == [f"{i}.{j}" for i in range(3) for j in range(3)]
    verifier = KnownTreeVerifier()
    for first in propose(n=3):
        for second in propose(first, n=3):
            path = Trajectory(steps=(first, second))
            one, two, both = asyncio.run(verifier.judge(QUESTION, [first, second, path]))
            assert both.score == leaves[second.answer]
            assert both.score == pytest.approx((one.score + two.score) / 2)
    assert leaves[TREE.best(QUESTION)] == max(leaves.values())


def test_proposals_differ_until_all_were_given() -> None:
    assert len({step.text for step in propose(n=3)}) == 3
    assert len({step.text for step in propose(n=5)}) == 3
    orders = {tuple(step.text for step in propose(n=3, seed=seed)) for seed in range(40)}
    assert len(orders) == 6


def test_trees_of_other_questions_and_seeds_are_others() -> None:
    (other,) = simulated_questions(1, first=1)
    assert TREE.leaves(QUESTION) == TREE.leaves(QUESTION) != TREE.leaves(other)
    assert TREE.leaves(QUESTION) != KnownTree(branching=3, depth=2, seed=1).leaves(QUESTION)


def test_a_trajectory_ends_at_a_leaf() -> None:
    done = simulate(QUESTION, policy=TREE, strategy=Greedy())
    assert (done.waves, done.answer in TREE.leaves(QUESTION)) == (2, True)


def test_best_of_many_finds_the_best_leaf() -> None:
    parts = {"policy": TREE, "verifier": KnownTreeVerifier()}
    found = simulate(QUESTION, strategy=BestOfN(n=200), **parts)  # type: ignore[arg-type]
    assert found.answer == TREE.best(QUESTION)


def test_another_policy_s_steps_have_no_known_worth() -> None:
    with pytest.raises(VerifierError, match="only steps of a KnownTree"):
        asyncio.run(KnownTreeVerifier().judge(QUESTION, [Step(kind="thought", text="hm")]))


def test_a_tree_without_branches_is_refused() -> None:
    with pytest.raises(ConfigError, match="branching"):
        KnownTree(branching=0)
