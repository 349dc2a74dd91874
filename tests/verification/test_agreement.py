from collections.abc import Callable, Sequence

import pytest

from ragreason.errors import ConfigError, VerifierError
from ragreason.generation.metered import Metered
from ragreason.generation.scripted import Scripted
from ragreason.ledger import Meter, as_verifier, metering
from ragreason.protocols import Where
from ragreason.types import Completion, Hit, Question, Request, Step, Trajectory
from ragreason.verification.agreement import Agreement

Answering = Callable[[str, Sequence[Hit]], Trajectory]


class Drawing(Scripted):
    """Gives these texts, in order, as the samples of each request."""

    def __init__(self, *texts: str, **options: object) -> None:
        super().__init__(rules=[("", list(texts))], **options)  # type: ignore[arg-type]
        self.texts = texts

    async def generate(self, request: Request) -> list[Completion]:
        drawn = await super().generate(request)
        return [
            c.model_copy(update={"text": text}) for c, text in zip(drawn, self.texts, strict=False)
        ]


class Finding:
    """A retriever that finds one hit for everything, and notes what it was asked."""

    name = "finding"

    def __init__(self, *hits: Hit) -> None:
        self.hits = list(hits)
        self.asked: list[tuple[tuple[str, ...], int]] = []

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        self.asked.append((tuple(queries), k))
        return [self.hits for _ in queries]


async def test_the_score_is_the_share_of_samples_that_agree(
    question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    engine = Drawing("Stephen King", "stephen king.", "Peru", "Answer: Stephen King [1]", "")
    items = [answering(a, hits) for a in ("Stephen King", "Peru", "Ada Vex")]
    verdicts = await Agreement(engine).judge(question, items)
    assert [v.score for v in verdicts] == [0.6, 0.2, 0.0]
    assert verdicts[0].reason == "3 of 5 samples agree; 1 say 'peru'"


async def test_answers_agree_as_votes_do(
    question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    engine = Drawing("March 12, 1874", "12 March 1874")
    (verdict,) = await Agreement(engine, samples=2).judge(
        question, [answering("12 March 1874", hits)]
    )
    assert verdict.score == 1.0


async def test_a_sample_that_was_cut_agrees_with_none(
    question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    class Cut(Drawing):
        async def generate(self, request: Request) -> list[Completion]:
            whole, cut = await super().generate(request)
            return [whole, cut.model_copy(update={"finish_reason": "length"})]

    (verdict,) = await Agreement(Cut("King", "King"), samples=2).judge(
        question, [answering("King", hits)]
    )
    assert verdict.score == 0.5


async def test_trajectories_with_the_same_passages_share_one_request(
    question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    engine = Drawing("King", "Peru")
    items = [answering(a, hits) for a in ("King", "Peru")] + [answering("King", hits[:1])]
    await Agreement(engine, samples=2).judge(question, items)
    assert [r.n for r in engine.requests] == [2, 2]
    assert all(r.temperature > 0 for r in engine.requests)
    assert len({r.seed for r in engine.requests}) == 2


async def test_shuffled_evidence_has_the_same_passages_in_another_order(
    question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    engine = Drawing("King")
    verifier = Agreement(engine, samples=1, evidence="shuffled")
    await verifier.judge(question, [answering("King", hits)])
    await verifier.judge(question, [answering("King", hits)])
    prompts = [r.messages[0].content for r in engine.requests]
    places = [prompts[0].index(hit.passage.text[:30]) for hit in hits]
    assert places != sorted(places)
    assert prompts[0] == prompts[1]


async def test_retrieved_evidence_is_searched_for_with_each_answer(
    question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    engine, retriever = Drawing("King"), Finding(hits[4])
    verifier = Agreement(engine, retriever, samples=1, evidence="retrieved", k=3)
    await verifier.judge(question, [answering(a, hits) for a in ("King", "Peru", "King")])
    asked = (f"{question.text} King", f"{question.text} Peru")
    assert retriever.asked == [(asked, 3)]
    (request,) = engine.requests
    assert "potato" in request.messages[0].content
    assert "Overdrive" not in request.messages[0].content


def test_retrieved_evidence_needs_a_retriever() -> None:
    with pytest.raises(ConfigError, match="needs an index"):
        Agreement(Scripted(), evidence="retrieved")


@pytest.mark.parametrize(
    ("words", "used"),
    [
        ("Which person directed the film shot around Leland in 1986?", True),
        ("Which person directed the film shot around Leland?", False),
        ("", False),
    ],
)
async def test_a_paraphrase_is_answered_if_it_keeps_names_and_numbers(
    words: str, used: bool, question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    engine = Scripted(rules=[("in other words", words)], default="King")
    (verdict,) = await Agreement(engine, paraphrase=True).judge(question, [answering("King", hits)])
    first, second = (r.messages[0].content for r in engine.requests)
    assert question.text in first
    assert second.endswith(f"Question: {words if used else question.text}")
    assert verdict.score == 1.0


async def test_no_answer_is_worth_nothing_and_costs_nothing(question: Question) -> None:
    engine = Scripted()
    (verdict,) = await Agreement(engine).judge(question, [Trajectory()])
    assert (verdict.score, verdict.label) == (0.0, "none")
    assert engine.calls == 0


async def test_an_engine_that_can_not_continue_a_reply_is_not_asked_to(
    question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    engine = Drawing("Answer: King", capabilities=frozenset())
    (verdict,) = await Agreement(engine, samples=1).judge(question, [answering("King", hits)])
    assert engine.requests[0].prefill == ""
    assert verdict.score == 1.0


async def test_its_tokens_are_a_verifier_s(
    question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    meter = Meter()
    with metering(meter), as_verifier():
        await Agreement(Metered(Scripted(default="King"))).judge(
            question, [answering("King", hits)]
        )
    assert meter.spent.verifier_tokens == meter.spent.tokens > 0


async def test_steps_are_refused(question: Question) -> None:
    with pytest.raises(VerifierError, match="agreement judges trajectories"):
        await Agreement(Scripted()).judge(question, [Step(kind="thought", text="x")])
