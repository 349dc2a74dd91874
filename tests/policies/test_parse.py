"""Model output to steps."""

import pytest

from ragreason.policies.parse import action_step, before_answer, clean, final_answer
from ragreason.types import Completion, FinishReason


def completion(text: str, finish: FinishReason = "stop") -> Completion:
    return Completion(text=text, finish_reason=finish)


def test_a_search_line_ends_the_step_and_the_rest_is_dropped() -> None:
    step = action_step(completion(" I need it.\nSearch: Edda Quill\nAnswer: 1874"))
    assert (step.kind, step.query) == ("search", "Edda Quill")
    assert step.text == " I need it.\nSearch: Edda Quill"


def test_an_answer_is_cleaned() -> None:
    step = action_step(completion(' Known.\nAnswer: "Paris."'))
    assert (step.kind, step.answer) == ("answer", "Paris")


def test_an_answer_cut_by_the_limit_is_truncated_but_a_whole_line_is_not() -> None:
    assert action_step(completion("x\nAnswer: The long", "length")).truncated
    assert not action_step(completion("x\nAnswer: Paris\nThen", "length")).truncated


@pytest.mark.parametrize(
    "text", ["", " just musing", "Search:", "\nAnswer: \n", "<search>x</search>"]
)
def test_without_a_usable_action_it_is_a_thought(text: str) -> None:
    assert action_step(completion(text)).kind == "thought"


def test_chinese_action_words_work() -> None:
    step = action_step(completion("需要。\n搜索：顾青禾 出生"))
    assert (step.kind, step.query) == ("search", "顾青禾 出生")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("He was born in 1874. So the answer is: 1874.", "1874"),
        ("The answer is Paris. No wait, the answer is London.", "London"),
        ("所以答案是：北京。", "北京"),
        ("So the answer is: U.S.", "U.S."),
        ("nothing", None),
        ("the answer is", None),
    ],
)
def test_the_last_answer_phrase_counts(text: str, answer: str | None) -> None:
    assert final_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**Paris**", "Paris"),
        ("“Rome”", "Rome"),
        ("Washington D.C.", "Washington D.C."),
        (" a. ", "a."),
    ],
)
def test_clean(text: str, expected: str) -> None:
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("text", "before"),
    [
        (" She was born in 1874, so the answer is: 1874.", " She was born in 1874"),
        ("她生于1874年，所以答案是：1874年。", "她生于1874年"),
        ("So the answer is: 1874.", "So the answer is: 1874."),
        ("No such thing.", "No such thing."),
    ],
)
def test_the_fact_before_an_answer_phrase(text: str, before: str) -> None:
    assert before_answer(text) == before
