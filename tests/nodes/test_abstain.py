"""What is said instead of an answer."""

import pytest

from ragreason.nodes.abstain import Abstain
from ragreason.state import initial
from ragreason.types import Answer, Question, Verdict


async def abstained(text: str, *missing: str) -> Answer:
    state = initial(Question(id="q", text=text))
    state["sufficiency"] = Verdict(score=0.1, label="none", missing=missing)
    answer: Answer = (await Abstain("abstain")(state))["answer"]
    return answer


@pytest.mark.parametrize(
    ("text", "missing", "told"),
    [
        ("Who?", ("a", "b"), "The evidence does not hold an answer. Missing: a; b."),
        ("Who?", (), "The evidence does not hold an answer."),
        ("谁设计了柳溪桥？", ("甲", "乙"), "证据中没有答案。缺少：甲；乙。"),
        ("谁设计了柳溪桥？", (), "证据中没有答案。"),
    ],
)
async def test_it_says_what_is_missing_in_the_question_s_language(
    text: str, missing: tuple[str, ...], told: str
) -> None:
    answer = await abstained(text, *missing)
    assert (answer.text, answer.abstained, answer.cited) == ("", True, told)
    assert answer.missing == missing


async def test_what_has_no_support_is_what_is_missing() -> None:
    state = initial(Question(id="q", text="Who?"))
    state["sufficiency"] = Verdict(score=0.1, label="none", unsupported=("1492",))
    assert (await Abstain("abstain")(state))["answer"].missing == ("1492",)
