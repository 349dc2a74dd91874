import pytest
from hypothesis import given, strategies as st

from ragreason.text.answers import (
    canonical_answer,
    chinese_answer_tokens,
    has_han,
    normalize_answer,
    normalize_chinese_answer,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Beatles!", "beatles"),
        ("an apple a day", "apple day"),
        ("Theatre", "theatre"),
        ("the-the", "thethe"),
        ("“no”", "“no”"),
        ("U.S.", "us"),
        ("\tA\n", ""),
    ],
)
def test_english_rule(text: str, expected: str) -> None:
    assert normalize_answer(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("《红楼梦》 １", "红楼梦1"),
        ("北京。", "北京"),
        ("Ｎo", "no"),
        (" 二 〇 〇 八 年", "二〇〇八年"),
    ],
)
def test_chinese_rule_folds_width_and_drops_all_punctuation(text: str, expected: str) -> None:
    assert normalize_chinese_answer(text) == expected


def test_chinese_tokens_are_characters_and_runs() -> None:
    assert chinese_answer_tokens("北京2008年, IBM Corp") == [
        "北",
        "京",
        "2008",
        "年",
        "ibm",
        "corp",
    ]


def test_canonical_form_follows_the_script() -> None:
    assert canonical_answer("The Nile.") == canonical_answer("nile")
    assert canonical_answer("“长江”") == canonical_answer("长江")
    assert has_han("in 北京")
    assert not has_han("in Beijing, カナ")


@given(st.text(alphabet="长江《》，。 ＡＢab１1´́"))
def test_normalising_twice_changes_nothing_in_chinese(text: str) -> None:
    once = normalize_chinese_answer(text)
    assert normalize_chinese_answer(once) == once


@given(st.text())
def test_normalised_english_has_no_ascii_punctuation_and_single_blanks(text: str) -> None:
    normal = normalize_answer(text)
    assert "  " not in normal
    assert not set(normal) & set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def test_rare_han_characters_are_chinese_too() -> None:
    assert has_han("\U00020bb7")
    assert chinese_answer_tokens("\U00020bb7野家") == ["\U00020bb7", "野", "家"]
