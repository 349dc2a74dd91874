from collections.abc import Callable, Sequence

import pytest

from ragreason.errors import VerifierError
from ragreason.protocols import Embedder
from ragreason.types import Hit, Question, Step, Trajectory
from ragreason.verification.groundedness import Groundedness, claims

Answering = Callable[[str, Sequence[Hit]], Trajectory]


async def test_the_grounded_of_several_answers_wins(
    question: Question, hits: tuple[Hit, ...], answering: Answering, embedder: Embedder
) -> None:
    items = [answering(a, hits) for a in ("Peru", "Stephen King", "Ada Vex", "1974")]
    verdicts = await Groundedness(embedder).judge(question, items)
    scores = [v.score for v in verdicts]
    assert scores.index(max(scores)) == 1
    assert verdicts[1].label == "supported"
    assert verdicts[1].unsupported == verdicts[1].missing == ()
    assert verdicts[2].label == "unsupported"
    assert verdicts[2].unsupported == ("Ada Vex",)
    assert "no passage gives 'Ada Vex' as the answer" in verdicts[2].missing


async def test_a_long_answer_is_judged_sentence_by_sentence(
    question: Question, hits: tuple[Hit, ...], answering: Answering, embedder: Embedder
) -> None:
    text = (
        "Maximum Overdrive was directed by Stephen King [1]. It was shot in Nairobi by elephants."
    )
    (verdict,) = await Groundedness(embedder).judge(question, [answering(text, hits)])
    assert verdict.label == "partial"
    assert verdict.unsupported == ("It was shot in Nairobi by elephants.",)
    assert "Nairobi" in verdict.reason


async def test_a_thought_is_judged_by_its_own_hits(
    question: Question, hits: tuple[Hit, ...], embedder: Embedder
) -> None:
    good = Step(kind="thought", text="Thought 1: Carrie is a novel by Stephen King.", hits=hits)
    bad = Step(kind="thought", text="Carrie is a novel by Ada Vex.", hits=hits)
    lone = Step(kind="thought", text="Carrie is a novel by Stephen King.")
    verdicts = await Groundedness(embedder).judge(question, [lone, good, bad])
    assert [v.label for v in verdicts] == ["none", "supported", "unsupported"]
    assert verdicts[0].score == 0.0


async def test_a_thought_in_its_context_is_held_against_what_was_found_before_it(
    question: Question, hits: tuple[Hit, ...], answering: Answering, embedder: Embedder
) -> None:
    found = Step(kind="search", text="s", query=question.text, hits=hits)
    good = Step(kind="thought", text="Carrie is a novel by Stephen King.")
    bad = Step(kind="thought", text="Carrie is a novel by Ada Vex.")
    again = answering("Stephen King", hits).extended(bad)
    items = [Trajectory(steps=(found, good)), Trajectory(steps=(found, bad)), again]
    verifier = Groundedness(embedder)
    assert "prefix" in verifier.judges, "searches give it steps in their context"
    verdicts = await verifier.judge(question, items)
    assert [v.label for v in verdicts] == ["supported", "unsupported", "unsupported"]


async def test_an_answer_that_says_nothing_is_worth_nothing(
    question: Question, hits: tuple[Hit, ...], answering: Answering, embedder: Embedder
) -> None:
    found = Step(kind="search", text="s", query=question.text, hits=hits)
    silent = Trajectory(steps=(found, Step(kind="answer", text="again", answer="")))
    idle = Trajectory(steps=(found, Step(kind="thought", text=" ")))
    items = [silent, idle, answering("Stephen King", hits)]
    verdicts = await Groundedness(embedder).judge(question, items)
    assert [(v.score, v.label) for v in verdicts[:2]] == [(0.0, "none")] * 2
    assert verdicts[2].score > 0


async def test_a_search_is_worth_what_it_found(
    question: Question, hits: tuple[Hit, ...], embedder: Embedder
) -> None:
    good = Step(kind="search", text="s", query="x", hits=hits[:2])
    bad = Step(kind="search", text="s", query="x", hits=hits[4:])
    found, lost = await Groundedness(embedder).judge(question, [good, bad])
    assert found.score > lost.score


async def test_an_unfinished_trajectory_is_judged_by_its_last_step(
    question: Question, hits: tuple[Hit, ...], embedder: Embedder
) -> None:
    search = Step(kind="search", text="s", query="x", hits=hits)
    thought = Step(kind="thought", text="Carrie is set in Chamberlain.")
    cut = Step(kind="answer", text="Ada", answer="Ada", truncated=True)
    good, empty = await Groundedness(embedder).judge(
        question, [Trajectory(steps=(search, thought)), Trajectory()]
    )
    (unfinished,) = await Groundedness(embedder).judge(question, [Trajectory(steps=(search, cut))])
    assert (good.label, empty.label) == ("supported", "none")
    assert unfinished.unsupported == ("Ada",)


async def test_hits_are_refused(
    question: Question, hits: tuple[Hit, ...], embedder: Embedder
) -> None:
    with pytest.raises(VerifierError, match="use relevance"):
        await Groundedness(embedder).judge(question, hits)


async def test_the_bounds_decide_the_label(
    question: Question, hits: tuple[Hit, ...], answering: Answering, embedder: Embedder
) -> None:
    strict = Groundedness(embedder, answered=1.0)
    (verdict,) = await strict.judge(question, [answering("Stephen King", hits)])
    assert verdict.label == "unsupported"


def test_claims_leave_out_marks_tags_and_labels() -> None:
    assert claims("Answer: Paris is big. [1] It is!") == ("Paris is big.",)
    assert claims("<think>Rome fell [1][2].</think>") == ("Rome fell.",)
    assert claims("") == ()
