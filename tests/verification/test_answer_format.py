import pytest

from ragreason.errors import VerifierError
from ragreason.prompts import unfilled
from ragreason.types import Hit, Question, Step, StepKind, Trajectory, Verdict
from ragreason.verification.answer_format import Format

CHINESE = Question(id="z", text="是谁设计了柳溪上的那座石桥？")


async def judged(question: Question, text: str, kind: StepKind = "answer") -> Verdict:
    step = Step(kind=kind, text=text, answer=text if kind == "answer" else "", query=text)
    (verdict,) = await Format().judge(question, [step])
    return verdict


@pytest.mark.parametrize(
    "text",
    [
        "Stephen King",
        "Stephen King [1][2]",
        "1974",
        "no",
        "J. R. R. Tolkien",
        "Maximum Overdrive (1986)",
        "Crouching Tiger, Hidden Dragon",
        "3,677 seated",
        "C++",
        "Knock, Knock",
    ],
)
async def test_short_plain_answers_are_well_formed(question: Question, text: str) -> None:
    verdict = await judged(question, text)
    assert (verdict.score, verdict.reason) == (1.0, "well formed")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "nothing is said"),
        (" .\n", "nothing is said"),
        ("[1]", "nothing is said"),
        ("I don't know.", "refuses"),
        ("The passages do not mention the director", "refuses"),
        ("It cannot be determined", "refuses"),
        ("Not specified", "refuses"),
        ("Unknown", "refuses"),
        ("I'm sorry, but as an AI I can't", "refuses"),
    ],
)
async def test_what_says_nothing_scores_nothing(question: Question, text: str, why: str) -> None:
    verdict = await judged(question, text)
    assert verdict.score == 0.0
    assert why in verdict.reason


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Stephen King</answer>", "tags"),
        ("Stephen King<|im_end|>", "tags"),
        ("```Stephen King", "tags"),
        ("Answer: Stephen King", "label"),
        ("King. Question: Who else", "label"),
        ("Stephen King and the", "breaks off"),
        ("Stephen King (born", "breaks off"),
        ("King King King", "circles"),
        ("the king of the king of the king of Leland", "circles"),
        ("斯蒂芬·金", "language"),
        ("Stephen\nKing", "line"),
        ("a writer of long books Search: King", "label"),
    ],
)
async def test_each_fault_halves_the_score_and_is_named(
    question: Question, text: str, why: str
) -> None:
    verdict = await judged(question, text)
    assert verdict.score == 0.5
    assert why in verdict.reason


async def test_faults_add_up(question: Question) -> None:
    verdict = await judged(question, "Answer: <b>King\nKing")
    assert verdict.score == 0.125
    assert verdict.reason.count(";") == 2


async def test_a_long_answer_is_worth_the_share_that_fits(question: Question) -> None:
    words = "one by one they came and went away at noon when rain fell on all our old red cars then"
    assert (await judged(question, words)).score == pytest.approx(16 / 20)
    assert (await judged(question, words, kind="search")).score == 1.0
    assert (await judged(question, words, kind="thought")).score == 1.0


async def test_the_prompt_s_own_words_and_the_question_are_no_answer(question: Question) -> None:
    own = " ".join(unfilled("answer", "en").split()[:8])
    assert "repeats the prompt" in (await judged(question, own, kind="thought")).reason
    assert "repeats the prompt" in (await judged(question, question.text, kind="thought")).reason
    assert (await judged(Question(id="w", text="Who?"), "Whoopi")).score == 1.0
    asked = await judged(question, question.text, kind="search")
    assert asked.score == 1.0


async def test_what_the_length_limit_cut_scores_nothing(question: Question) -> None:
    step = Step(kind="thought", text="It was King", truncated=True)
    (verdict,) = await Format().judge(question, [step])
    assert (verdict.score, verdict.reason) == (0.0, "the length limit cut it")


async def test_a_trajectory_is_judged_by_its_answer(question: Question) -> None:
    bad = Step(kind="thought", text="")
    good = Step(kind="answer", text="So the answer is: King", answer="King")
    empty = Step(kind="answer", text="King", answer="")
    items = [Trajectory(steps=steps) for steps in ((bad, good), (good, empty), (bad,), ())]
    verdicts = await Format().judge(question, items)
    assert [v.score for v in verdicts] == [1.0, 0.0, 0.0, 0.0]
    assert verdicts[2].reason == "there is no answer"


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("林远之", 1.0),
        ("Mara Venn", 1.0),
        ("1935年", 1.0),
        ("无法确定", 0.0),
        ("答案：林远之", 0.5),
        ("it was designed by Mara Venn", 0.5),
        ("林远之，", 0.5),
    ],
)
async def test_chinese_answers_are_judged_in_chinese(text: str, score: float) -> None:
    assert (await judged(CHINESE, text)).score == score


async def test_hits_are_refused(question: Question, hits: tuple[Hit, ...]) -> None:
    with pytest.raises(VerifierError, match="format judges steps and trajectories"):
        await Format().judge(question, [hits[0]])
