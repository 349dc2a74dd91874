"""A simulated thinker does what it is said to do, through the engine that graphs use."""

from math import exp

import pytest

from ragreason.errors import CapabilityError, ConfigError
from ragreason.generation.thinking_effort import Thought
from ragreason.simulation import (
    RIGHT,
    SimulatedThinker,
    capped_accuracy,
    exit_accuracy,
    measure_thinking,
    simulated_questions,
)

QUESTIONS = simulated_questions(400)
THINKER = SimulatedThinker()
CAP = 16


@pytest.mark.parametrize("cap", [1, 3, 10])
async def test_a_plain_cap_is_as_right_as_theory_says_and_costs_its_thoughts(cap: int) -> None:
    found = await measure_thinking(QUESTIONS, THINKER, Thought(cap=cap * 20, repeats=True))
    assert abs(found.accuracy - capped_accuracy(THINKER, cap)) < 4 * found.standard_error
    assert set(found.tokens) == {100 + 20 * cap + 1 + 1}, "prompt, thoughts, what is new, reply"
    assert set(found.waves) == {2}


@pytest.mark.parametrize("threshold", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("d_prime", [0.0, 2.0])
async def test_an_early_exit_is_as_right_as_theory_says(threshold: float, d_prime: float) -> None:
    thinker = SimulatedThinker(d_prime=d_prime)
    found = await measure_thinking(QUESTIONS, thinker, Thought(cap=CAP * 20, exit=threshold))
    expected = exit_accuracy(thinker, CAP, threshold)
    assert abs(found.accuracy - expected) < 4 * found.standard_error


def test_exact_accuracies_of_hand_made_cases() -> None:
    half = SimulatedThinker(rate=0.5, early=0.0, late=1.0, d_prime=0.0)
    assert capped_accuracy(half, 2) == 0.75
    assert exit_accuracy(half, 1, 0.5) == 0.5
    # after one thought: settled 0.5, left too early 0.25, goes on 0.25; of these, half settle
    assert exit_accuracy(half, 2, 0.5) == 0.5 + 0.25 * 0.5
    assert exit_accuracy(half, 2, 0.999999) == pytest.approx(0.75, abs=1e-5)


async def test_a_useless_probe_tells_nothing_and_a_good_one_a_lot() -> None:
    def surer(d_prime: float) -> float:
        thinker = SimulatedThinker(rate=0.5, d_prime=d_prime)
        ids = [q.id for q in QUESTIONS]
        pairs = [
            (
                thinker.sureness(i, thinker.converges(i)),
                thinker.sureness(i, thinker.converges(i) - 1),
            )
            for i in ids
            if thinker.converges(i) > 1
        ]
        return sum(after > before for after, before in pairs) / len(pairs)

    assert abs(surer(0.0) - 0.5) < 0.12
    assert surer(3.0) > 0.95


async def test_a_thinker_that_ends_by_itself_is_not_made_to_go_on() -> None:
    thinker = SimulatedThinker(rate=1.0, ends=0.5)
    found = await measure_thinking(QUESTIONS, thinker, Thought(cap=CAP * 20, repeats=True))
    thoughts = (found.tokens - 102) / 20
    assert 1.5 < thoughts.mean() < 2.5
    assert abs(found.accuracy - thinker.late) < 4 * found.standard_error


async def test_everything_is_drawn_from_seeds() -> None:
    effort = Thought(cap=CAP * 20, exit=0.9)
    few = QUESTIONS[:40]
    one, again = [await measure_thinking(few, THINKER, effort) for _ in range(2)]
    other = await measure_thinking(few, SimulatedThinker(seed=1), effort)
    assert (one.right == again.right).all()
    assert (one.tokens == again.tokens).all()
    assert (one.tokens != other.tokens).any()


async def test_a_probe_tells_its_sureness_and_the_answer_settles() -> None:
    question = next(q for q in QUESTIONS if THINKER.converges(q.id) == 3)
    thoughts = "".join(f"thought {i}\n\n" for i in range(5))
    asked = THINKER.request(question).model_copy(update={"prefill": thoughts, "logprobs": True})
    (completion,) = await THINKER.generate(asked)
    assert completion.mean_logprob is not None
    assert exp(completion.mean_logprob) == pytest.approx(THINKER.sureness(question.id, 5))
    settled = {THINKER.answer(question.id, n) for n in range(3, 40)}
    assert len(settled) == 1
    assert {THINKER.answer(q.id, 1) for q in QUESTIONS} == {RIGHT, "wrong"}


@pytest.mark.parametrize("fields", [{"rate": 1.5}, {"rate": ()}, {"late": -0.1}, {"d_prime": -1.0}])
def test_what_is_no_probability_is_refused(fields: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        SimulatedThinker(**fields)  # type: ignore[arg-type]


async def test_it_scores_nothing() -> None:
    with pytest.raises(CapabilityError):
        await THINKER.score(THINKER.request(QUESTIONS[0]), ["a"])
