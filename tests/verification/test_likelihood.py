import math
from collections.abc import Callable, Sequence

import pytest

from ragreason.errors import ContextOverflowError, VerifierError
from ragreason.generation.metered import Metered
from ragreason.generation.scripted import Scripted
from ragreason.ledger import Meter, as_verifier, metering
from ragreason.types import Hit, Question, Request, Step, Trajectory
from ragreason.verification.likelihood import Likelihood
from tests.verification.engines import Opinionated

Answering = Callable[[str, Sequence[Hit]], Trajectory]


async def test_the_score_is_the_geometric_mean_of_the_words_probabilities(
    question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    engine = Opinionated({"Stephen King": 0.9, "Peru": 0.2})
    items = [answering(a, hits) for a in ("Peru", "Stephen King", "a word or two")]
    verdicts = await Likelihood(engine).judge(question, items)
    assert [v.score for v in verdicts] == pytest.approx([0.2, 0.9, 0.01])
    assert verdicts[0].reason == f"mean log-probability {math.log(0.2):.2f} per token"


async def test_all_answers_to_one_prompt_are_one_call_and_equal_ones_scored_once(
    question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    engine = Opinionated({"King": 0.5})
    items = [answering(a, hits) for a in ("King", "Peru", "King ", "\nPeru")]
    await Likelihood(engine).judge(question, items)
    ((request, continuations),) = engine.scored
    assert continuations == (" King", " Peru")
    assert request.prefill == "Answer:"
    assert "Maximum Overdrive" in request.messages[0].content


async def test_other_evidence_is_another_call_in_flight_with_the_first(
    question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    engine = Opinionated({}, latency_s=0.01)
    items = [answering("x", found) for found in (hits, hits[:1], hits, ())]
    await Likelihood(engine).judge(question, items)
    assert len(engine.scored) == engine.peak == 3


async def test_without_passages_the_bare_question_is_read(
    question: Question, answering: Answering
) -> None:
    engine = Opinionated({})
    await Likelihood(engine).judge(question, [answering("x", ())])
    assert "passages" not in engine.scored[0][0].messages[0].content


async def test_the_chance_of_nothing_found_is_held_against_evidence(
    question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    engine = Opinionated({"King": 0.8, "No relevant information": 0.5})
    item = answering("King", hits)
    (half,) = await Likelihood(engine, penalty=0.5).judge(question, [item])
    (full,) = await Likelihood(engine, penalty=1.0).judge(question, [item])
    assert (half.score, full.score) == pytest.approx((0.8 * 0.75, 0.8 * 0.5))


async def test_a_chain_is_given_without_its_answer(
    question: Question, hits: tuple[Hit, ...]
) -> None:
    steps = (
        Step(kind="search", text="Look for it.", query="x", hits=hits),
        Step(kind="answer", text="So the answer is: King", answer="King"),
    )
    engine = Opinionated({})
    await Likelihood(engine, given="chain").judge(question, [Trajectory(steps=steps)])
    prompt = engine.scored[0][0].messages[0].content
    assert "Look for it." in prompt
    assert "King" not in prompt.rpartition("Look for it.")[2]


async def test_yes_is_scored_as_a_model_would_write_it(
    hits: tuple[Hit, ...], answering: Answering
) -> None:
    engine = Opinionated({"Yes": 0.7, "yes": 0.1})
    items = [answering(a, hits) for a in ("yes", "Yes")]
    verdicts = await Likelihood(engine).judge(Question(id="q", text="Is it?"), items)
    assert verdicts[0] == verdicts[1]
    assert engine.scored[0][1] == (" Yes",)


async def test_no_answer_is_worth_nothing_and_costs_nothing(question: Question) -> None:
    engine = Opinionated({})
    cut = Step(kind="answer", text="Ki", answer="Ki", truncated=True)
    items = [Trajectory(), Trajectory(steps=(cut,))]
    verdicts = await Likelihood(engine).judge(question, items)
    assert [(v.score, v.label) for v in verdicts] == [(0.0, "none")] * 2
    assert engine.calls == 0


async def test_first_passages_are_left_out_until_the_prompt_fits(
    question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    engine = Opinionated({}, context=70)
    await Likelihood(engine).judge(question, [answering("King", hits)])
    prompt = engine.scored[-1][0].messages[0].content
    assert hits[0].passage.text not in prompt
    assert hits[-1].passage.text in prompt
    with pytest.raises(ContextOverflowError):
        await Likelihood(Opinionated({}, context=5)).judge(question, [answering("King", hits)])


class Narrow(Opinionated):
    """Refuses, as engines do, a prompt that a continuation does not fit behind."""

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        for text in continuations:
            tokens = await self.count_tokens(request.model_copy(update={"prefill": text}))
            if tokens > self.context:
                raise ContextOverflowError(tokens, self.context)
        return await super().score(request, continuations)


async def test_an_answer_too_long_for_the_evidence_does_not_cost_the_others_theirs(
    question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    alone, together = (Narrow({"King": 0.5}, context=150) for _ in range(2))
    items = [answering("King", hits), answering("word " * 80, hits)]
    (verdict,) = await Likelihood(alone).judge(question, items[:1])
    verdicts = await Likelihood(together).judge(question, items)
    read = {texts: request.messages[0].content for request, texts in together.scored}
    assert hits[0].passage.text in read[(" King",)]
    assert hits[0].passage.text not in max(read.items())[1]
    assert verdicts[0] == verdict


async def test_steps_and_hits_are_refused(question: Question, hits: tuple[Hit, ...]) -> None:
    with pytest.raises(VerifierError, match="judges trajectories, and was given a hit"):
        await Likelihood(Scripted()).judge(question, [hits[0]])


async def test_its_tokens_are_a_verifier_s(
    question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    engine = Metered(Opinionated({}))
    meter = Meter()
    with metering(meter), as_verifier():
        await Likelihood(engine).judge(question, [answering("King", hits)])
    assert meter.spent.verifier_tokens > 0
    assert meter.spent.prompt_tokens == 0
    assert meter.spent.calls == 1


async def test_a_chinese_answer_follows_the_chinese_prompt_without_a_gap(
    answering: Answering,
) -> None:
    engine = Opinionated({})
    await Likelihood(engine).judge(
        Question(id="z", text="鲁迅出生在哪里？"), [answering("绍兴", ())]
    )
    request, continuations = engine.scored[0]
    assert (request.prefill, continuations) == ("答案：", ("绍兴",))


async def test_of_nothing_a_chain_scores_by_how_unlikely_it_leaves_nothing_found(
    question: Question, hits: tuple[Hit, ...]
) -> None:
    steps = (
        Step(kind="search", text="Who wrote it?", query="x", hits=hits),
        Step(kind="thought", text="King"),
        Step(kind="answer", text=""),
    )
    engine = Opinionated({"No relevant information": 0.25})
    verifier = Likelihood(engine, of="nothing", given="thoughts")
    first, other = await verifier.judge(
        question, [Trajectory(steps=steps), Trajectory(steps=steps[2:])]
    )
    assert (first.score, other.score) == pytest.approx((0.75, 0.75))
    assert [texts for _, texts in engine.scored] == [(" No relevant information found",)] * 2
    prompt = engine.scored[0][0].messages[0].content
    assert "Who wrote it?\nKing" in prompt
    assert "Maximum Overdrive" not in prompt
    assert "passages" not in engine.scored[1][0].messages[0].content
