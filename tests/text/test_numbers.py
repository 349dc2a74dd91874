"""Numbers as people write them."""

from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from ragreason.text.numbers import read_number, show_number

SAME = {
    1234: ["1234", "1,234", "1234.0", "one thousand two hundred and thirty-four"],
    0: ["0", "zero", "0.00", "零"],
    12: ["12", "twelve", "十二"],
    21: ["twenty-one", "twenty one", "二十一"],
    205: ["two hundred and five", "two hundred five", "二百零五", "两百零五"],
    1_500_000: ["1.5 million", "1,500,000", "150万"],
    12_000: ["12 thousand", "twelve thousand", "一万二千", "1.2万"],
    10_003: ["10,003", "ten thousand and three", "一万零三"],
    300_000: ["三十万"],
    2_000_000_000: ["two billion", "2 billion", "20亿"],
    -5: ["-5", "-5.0", "-five"],
    Fraction(1, 2): ["1/2", "0.5", ".5", "0.50"],
    Fraction(7, 2): ["3 1/2", "3.5"],
    Fraction(1, 3): ["1/3"],
}
NONE = [
    "",
    "-",
    "007",
    "01",
    "1,23",
    "1,234,5",
    "1.2.3",
    "2/4",
    "4/4",
    "3/2",
    "1/0",
    "1e5",
    "5 km",
    "1st",
    "million",
    "and five",
    "hundred",
    "nineteen eighty-four",
    "twenty ten",
    "five twenty",
    "two three",
    "five thousand thousand",
    "one hundred two hundred",
    "ocean's eleven",
    "十万百",
    "一十二",
    "两百五",
    "一万三",
    "一万零三千",
    "五四",
    "万",
    "１２",
    "9" * 500,
]


@pytest.mark.parametrize(
    ("text", "value"), [(text, value) for value, texts in SAME.items() for text in texts]
)
def test_a_number_is_read_however_it_is_written(text: str, value: Fraction) -> None:
    assert read_number(text) == value


@pytest.mark.parametrize("text", NONE)
def test_what_is_more_or_less_than_one_number_is_not_read(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Fraction(1234), "1234"),
        (Fraction(1, 2), "0.5"),
        (Fraction(-1, 40), "-0.025"),
        (Fraction(1, 3), "1/3"),
        (Fraction(-7, 6), "-7/6"),
        (Fraction(0), "0"),
    ],
)
def test_a_number_is_shown_as_a_decimal_where_that_ends(value: Fraction, shown: str) -> None:
    assert show_number(value) == shown


@given(st.integers(-(10**15), 10**15), st.integers(0, 6))
def test_what_is_shown_is_read_back(digits: int, places: int) -> None:
    value = Fraction(digits, 10**places)
    assert read_number(show_number(value)) == value


@given(st.integers(0, 10**12))
def test_thousands_are_read_with_and_without_commas(number: int) -> None:
    assert read_number(f"{number:,}") == read_number(str(number)) == number
