from collections.abc import Callable, Sequence

import pytest

from ragreason.errors import VerifierError
from ragreason.protocols import Embedder
from ragreason.types import Answer, Hit, Question, Step, Trajectory
from ragreason.verification.citation import CitationVerifier, cited_sentences
from ragreason.verification.cite import cite

Answering = Callable[[str, Sequence[Hit]], Trajectory]
LONG = "Maximum Overdrive was directed by Stephen King {}. Carrie is a novel of 1974 {}."


@pytest.fixture
def verifier(embedder: Embedder) -> CitationVerifier:
    return CitationVerifier(embedder)


async def test_what_cite_writes_passes(
    verifier: CitationVerifier, question: Question, hits: tuple[Hit, ...]
) -> None:
    for text in ("Stephen King", LONG.replace(" {}", "")):
        cited, citations = await cite(question.text, text, hits, verifier.embedder)
        answer = Answer(text=text, cited=cited, citations=citations)
        verdict = await verifier.judge_answer(question, answer)
        assert (verdict.label, verdict.unsupported) == ("supported", ())


async def test_right_numbers_pass_and_wrong_ones_fail(
    verifier: CitationVerifier, question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    good, swapped, half = await verifier.judge(
        question,
        [
            answering(LONG.format("[1]", "[4]"), hits),
            answering(LONG.format("[4]", "[1]"), hits),
            answering(LONG.format("[1]", "[5]"), hits),
        ],
    )
    assert good.label == "supported"
    assert swapped.label == "unsupported"
    assert half.label == "partial"
    assert half.unsupported == ("Carrie is a novel of 1974.",)
    assert good.score > half.score > swapped.score


@pytest.mark.parametrize(
    ("marks", "why"),
    [
        (("[1]", ""), "no citation"),
        (("[1]", "[9]"), "[9] is cited, but there are 5 passages"),
        (("[1]", "[0]"), "[0] is cited"),
    ],
)
async def test_missing_and_unknown_numbers_fail_their_sentence(
    verifier: CitationVerifier,
    question: Question,
    hits: tuple[Hit, ...],
    answering: Answering,
    marks: tuple[str, str],
    why: str,
) -> None:
    (verdict,) = await verifier.judge(question, [answering(LONG.format(*marks), hits)])
    assert verdict.label == "partial"
    assert len(verdict.unsupported) == 1
    assert why in verdict.reason


async def test_citing_everything_fails(
    verifier: CitationVerifier, question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    every = "[1][2][3][4][5]"
    items = [answering(LONG.format(every, every), hits), answering(f"Stephen King {every}", hits)]
    long, short = await verifier.judge(question, items)
    assert long.label == short.label == "unsupported"
    assert "add nothing" in long.reason


async def test_a_superfluous_citation_lowers_the_score(
    verifier: CitationVerifier, question: Question, hits: tuple[Hit, ...], answering: Answering
) -> None:
    exact, padded = await verifier.judge(
        question,
        [answering("Stephen King [1][2]", hits), answering("Stephen King [1][2][5]", hits)],
    )
    assert exact.label == padded.label == "supported"
    assert padded.score == pytest.approx(exact.score * 2 / 3, rel=0.1)


async def test_numbers_count_distinct_hits_first_seen_first(
    verifier: CitationVerifier, question: Question, hits: tuple[Hit, ...]
) -> None:
    first = Step(kind="search", text="s", query="a", hits=(hits[4], hits[0]))
    again = Step(kind="search", text="s", query="b", hits=(hits[0], hits[3]))
    text = LONG.format("[2]", "[3]")
    answer = Step(kind="answer", text=text, answer=text)
    (verdict,) = await verifier.judge(question, [Trajectory(steps=(first, again, answer))])
    assert verdict.label == "supported"


async def test_marks_of_the_text_count_where_the_answer_has_none(
    verifier: CitationVerifier, question: Question, hits: tuple[Hit, ...]
) -> None:
    search = Step(kind="search", text="s", query="a", hits=hits)
    answer = Step(kind="answer", text="Stephen King [1][2]", answer="Stephen King")
    (verdict,) = await verifier.judge(question, [Trajectory(steps=(search, answer))])
    assert verdict.label == "supported"


async def test_without_an_answer_there_is_nothing_to_check(
    verifier: CitationVerifier, question: Question
) -> None:
    (verdict,) = await verifier.judge(question, [Trajectory()])
    assert (verdict.label, verdict.score) == ("none", 0.0)


async def test_lone_steps_are_refused(verifier: CitationVerifier, question: Question) -> None:
    with pytest.raises(VerifierError, match="judges trajectories"):
        await verifier.judge(question, [Step(kind="answer", text="x [1]", answer="x [1]")])


def test_marks_behind_the_full_stop_belong_to_the_sentence_before() -> None:
    assert cited_sentences("Ada ran [1]. Bo left. [2][1] Cy slept [1, 3].") == [
        ("Ada ran.", (1,)),
        ("Bo left.", (2, 1)),
        ("Cy slept.", (1, 3)),
    ]
    assert cited_sentences("鲁迅生于绍兴[1]。他写书。[2]") == [
        ("鲁迅生于绍兴。", (1,)),
        ("他写书。", (2,)),
    ]
    assert cited_sentences("[1]") == []
