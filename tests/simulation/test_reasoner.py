"""A reasoner that is right as often as it says."""

import asyncio
from collections import Counter
from itertools import pairwise
from math import sqrt

import pytest

from ragreason.errors import BudgetReachedError, ConfigError
from ragreason.generation.scripted import Scripted
from ragreason.ledger import Meter, metering
from ragreason.search.greedy import Greedy
from ragreason.simulation import (
    RIGHT,
    SimulatedReasoner,
    on_track,
    right_probability,
    simulate,
    simulated_questions,
)
from ragreason.types import Budget, Question, Step, Trajectory, Usage

(QUESTION,) = simulated_questions(1)
ENGINE = Scripted()


def propose(
    reasoner: SimulatedReasoner, *steps: Step, n: int = 1, seed: int = 0, q: Question = QUESTION
) -> list[Step]:
    return asyncio.run(reasoner.propose(q, Trajectory(steps=steps), n, ENGINE, seed=seed))


def test_steps_are_on_track_as_often_as_p_says() -> None:
    steps = propose(SimulatedReasoner(p=0.7), n=4000)
    share = sum(map(on_track, steps)) / len(steps)
    assert share == pytest.approx(0.7, abs=4 * sqrt(0.7 * 0.3 / 4000))


def test_what_went_astray_stays_so_unless_it_recovers() -> None:
    lost = Step(kind="thought", text="astray")
    assert not any(map(on_track, propose(SimulatedReasoner(p=1.0), lost, n=50)))
    found = propose(SimulatedReasoner(p=1.0, recovery=0.3), lost, n=4000)
    share = sum(map(on_track, found)) / 4000
    assert share == pytest.approx(0.3, abs=4 * sqrt(0.3 * 0.7 / 4000))


def test_answers_come_by_their_shares() -> None:
    reasoner = SimulatedReasoner(p=0.4, depth=1, wrong=(0.5, 0.3, 0.2))
    counts = Counter(step.answer for step in propose(reasoner, n=4000))
    expected = dict(
        zip([RIGHT, "wrong 1", "wrong 2", "wrong 3"], [0.4, 0.3, 0.18, 0.12], strict=True)
    )
    assert reasoner.answers(QUESTION) == pytest.approx(tuple(expected.values()))
    assert counts.keys() == expected.keys()
    for answer, share in expected.items():
        error = sqrt(share * (1 - share) / 4000)
        assert counts[answer] / 4000 == pytest.approx(share, abs=4 * error)


@pytest.mark.parametrize("recovery", [0.0, 0.4])
def test_whole_trajectories_are_right_as_often_as_the_chain_says(recovery: float) -> None:
    reasoner = SimulatedReasoner(p=0.8, depth=3, recovery=recovery)
    done = [simulate(q, policy=reasoner, strategy=Greedy()) for q in simulated_questions(1500)]
    expected = right_probability(0.8, 3, recovery)
    share = sum(one.answer == RIGHT for one in done) / len(done)
    assert share == pytest.approx(expected, abs=4 * sqrt(expected * (1 - expected) / len(done)))
    assert {one.waves for one in done} == {3}


def test_right_probability_is_the_chain_s() -> None:
    assert right_probability(0.8, 2) == pytest.approx(0.64)
    assert right_probability(0.8, 2, 0.5) == pytest.approx(0.74)


def test_questions_are_easy_or_hard_and_stay_so() -> None:
    levels = (0.2, 0.5, 0.9, 0.9)
    reasoner = SimulatedReasoner(p=levels)
    questions = simulated_questions(2000)
    counts = Counter(reasoner.level(q) for q in questions)
    assert counts.keys() == set(levels)
    assert counts[0.9] / 2000 == pytest.approx(0.5, abs=4 * 0.5 / sqrt(2000))
    again = simulated_questions(1000, first=1000)
    assert [reasoner.level(q) for q in again] == [reasoner.level(q) for q in questions[1000:]]


def test_the_same_seed_draws_the_same_and_no_two_steps_are_alike() -> None:
    reasoner = SimulatedReasoner()
    assert propose(reasoner, n=5, seed=1) == propose(reasoner, n=5, seed=1)
    texts = [step.text for seed in range(20) for step in propose(reasoner, n=5, seed=seed)]
    assert len(set(texts)) == 100


def test_a_longer_trajectory_s_prompt_extends_the_shorter_one_s() -> None:
    reasoner = SimulatedReasoner(depth=3)
    steps = simulate(QUESTION, policy=reasoner, strategy=Greedy()).tree.trajectory(3).steps
    prompts = [reasoner.render(QUESTION, Trajectory(steps=steps[:n])) for n in range(4)]
    for shorter, longer in pairwise(prompts):
        assert longer.messages == shorter.messages
        assert longer.prefill.startswith(shorter.prefill)
        assert len(longer.prefill) > len(shorter.prefill)


def test_a_request_is_charged_as_one_call_with_one_prompt() -> None:
    reasoner = SimulatedReasoner(step_tokens=10, prompt_tokens=3)
    earlier = Step(kind="thought", text="on track")
    with metering(Meter()) as meter:
        steps = propose(reasoner, earlier, n=4)
    assert meter.spent == Usage(prompt_tokens=13, completion_tokens=40, calls=1)
    assert sum((step.usage for step in steps), Usage()) == meter.spent


def test_a_spent_budget_stops_it() -> None:
    with metering(Meter(Budget(calls=1))):
        propose(SimulatedReasoner())
        with pytest.raises(BudgetReachedError, match="calls"):
            propose(SimulatedReasoner())


def test_after_an_answer_the_next_attempt_starts_afresh() -> None:
    reasoner = SimulatedReasoner(p=1.0, depth=2)
    wrong = Step(kind="answer", text="astray", answer="wrong 1")
    (first,) = propose(reasoner, Step(kind="thought", text="astray"), wrong)
    assert (first.kind, on_track(first)) == ("thought", True)
    (second,) = propose(reasoner, Step(kind="thought", text="astray"), wrong, first)
    assert (second.kind, second.answer) == ("answer", RIGHT)


@pytest.mark.parametrize(
    "wrong",
    [{"p": 1.2}, {"p": ()}, {"recovery": -0.1}, {"wrong": (0.5, 0.4)}, {"depth": 0}],
    ids=str,
)
def test_parameters_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="given"):
        SimulatedReasoner(**wrong)  # type: ignore[arg-type]
