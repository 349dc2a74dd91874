"""Which questions count as the same."""

import pytest
from hypothesis import given, strategies as st

from ragreason.experience.same import is_same, key_of

ASKED = "In which year was the architect of the Sallow Bridge born?"


@pytest.mark.parametrize(
    "other",
    [
        ASKED,
        "in WHICH year was the architect of the sallow bridge born",
        "When was the Sallow Bridge's architect born?",
        "Ｉn which year was the architect of the “Sallow Bridge” born ?",
    ],
)
def test_other_case_marks_and_words_between_ask_the_same(other: str) -> None:
    assert is_same(ASKED, other)
    assert is_same(other, ASKED)


@pytest.mark.parametrize(
    "other",
    [
        "In which year was the architect of the Tin Bridge born?",
        "Where was the architect of the Sallow Bridge buried, and by whom?",
        "Who designed the Sallow Bridge?",
        "",
    ],
)
def test_another_thing_or_another_matter_is_another_question(other: str) -> None:
    assert not is_same(ASKED, other)


def test_chinese_questions_are_told_apart_too() -> None:
    assert is_same("设计柳溪桥的建筑师生于哪一年？", "设计柳溪桥的建筑师，生于哪一年")
    assert not is_same("设计柳溪桥的建筑师生于哪一年？", "青石磨坊建于哪一年？")


@given(st.text(max_size=40))
def test_a_key_is_its_own_key_and_every_text_is_the_same_as_itself(text: str) -> None:
    assert key_of(key_of(text)) == key_of(text)
    assert is_same(text, text)
