"""Which answers are the same vote, and which are not."""

import sys

import pytest
from hypothesis import given, strategies as st

from ragreason.text.votes import vote_key

SAME = {
    "yes": ["Yes", "yes.", "True", "是", "是的。", "**Yes**"],
    "no": ["No", "false", "否", "不是", "不对！"],
    "1234": ["1234", "1,234", "1234.0", "“1,234”", "１２３４", "$1{,}234$", "+1234"],
    "2": ["2", "two", "Two.", "二", "两", r"\boxed{2}", r"$\sqrt{4}$"],
    "-5": ["-5", "−5", "–5", "$-5$"],
    "50%": ["50%", "50 %", "50 percent", "fifty per cent", "50.0%", "百分之五十", r"$50\%$"],
    "0.5": ["0.5", ".5", "1/2", "½", r"\frac{1}{2}", r"$\frac12$", r"\(\dfrac{2}{4}\)"],
    "1/3": ["1/3", "⅓", r"\frac{2}{6}"],
    "3.5": ["3.5", "3½", "3 1/2", "3.50"],
    "1500000": ["1.5 million", "1,500,000", "150万"],
    "1874": ["1874", "in 1874", "1874年", "1874.", "1,874"],
    "1874-03-12": ["12 March 1874", "March 12, 1874", "1874-03-12", "1874年3月12日"],
    "1874-03-XX": ["March 1874", "1874年3月"],
    "nile": ["The Nile", "nile.", "  the   NILE!"],
    "红楼梦": ["《红楼梦》", "红楼梦", "「红楼梦」。"],
    "beatles": ["The Beatles", "Beatles"],
    "jeanluc picard": ["Jean-Luc Picard", "Jean‑Luc Picard"],
    "1200 people": ["1,200 people", "1200 people"],
    "1914-1918": ["1914-1918", "1914–1918"],
    "c++": ["C++", "c++"],
    "a": ["A", "a", "(A)", "A."],
}  # fmt: skip
APART = [
    ("May", "May 2019"),
    ("Apollo 11", "11"),
    ("1984", "Nineteen Eighty-Four"),
    ("1984", "1984-01-01"),
    ("3.5", "35"),
    ("-5", "5"),
    ("50%", "50"),
    ("50%", "0.5"),
    ("007", "7"),
    ("2/4", "1/2"),
    ("16/9", "169"),
    ("3-1", "31"),
    ("10:30", "1030"),
    ("$3.5 million", "$35 million"),
    ("3.5公里", "35公里"),
    ("-5 °C", "5 °C"),
    ("about 50%", "about 50"),
    ("10²", "102"),
    ("x²", "x2"),
    ("x + 1", "x - 1"),
    ("C++", "C"),
    ("C#", "C"),
    ("O+", "O-"),
    ("A+", "A"),
    ("A", "The"),
    ("March 12", "March 12, 1874"),
    ("March 1874", "1874"),
    ("3/4/1999", "4/3/1999"),
    ("2001-02", "February 2001"),
    ("31 April 1990", "1 May 1990"),
    ("No, No, Nanette", "No"),
    ("first", "1"),
    ("1st", "1"),
    ("二十一世纪", "21"),
    (r"\frac{1}{23}", r"\frac{12}{3}"),
    (r"\text{cat}", r"\text{dog}"),
    (r"5\text{ cm}", "5"),
    ("$x$", "$y$"),
    ("!", "?"),
]


@pytest.mark.parametrize(("text", "key"), [(t, key) for key, texts in SAME.items() for t in texts])
def test_the_same_answer_is_one_vote_however_it_is_written(text: str, key: str) -> None:
    assert vote_key(text) == key


@pytest.mark.parametrize(("one", "other"), APART)
def test_different_answers_are_different_votes(one: str, other: str) -> None:
    assert vote_key(one) != vote_key(other)


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_an_answer_that_says_nothing_has_no_key(text: str) -> None:
    assert vote_key(text) == ""


@given(st.text(max_size=40))
def test_any_text_that_says_something_has_a_key_and_white_space_around_it_is_nothing(
    text: str,
) -> None:
    assert bool(vote_key(text)) == bool(text.split())
    assert vote_key(f" {text}\n") == vote_key(text)


@pytest.mark.parametrize(
    "text",
    ["\x00\u202e\ud800 🦜", "{question} %s {0} \\1", "word " * 3000, "9" * 20_000, "(" * 5000],
)
def test_hostile_text_is_text(text: str) -> None:
    assert vote_key(text)


def test_without_math_verify_a_formula_counts_as_its_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "latex2sympy2_extended", None)
    vote_key.cache_clear()
    try:
        assert vote_key(r"$\frac{3}{7}$") == vote_key(r"\frac{ 3 }{7}") == r"\frac{3}{7}"
        assert vote_key("$0.5$") == "0.5"
    finally:
        vote_key.cache_clear()
