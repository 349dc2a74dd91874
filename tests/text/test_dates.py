"""Dates as people write them."""

from datetime import date

import pytest
from hypothesis import given, strategies as st

from ragreason.text.dates import read_date

SAME = {
    "1874-03-12": [
        "1874-03-12",
        "1874/3/12",
        "12 march 1874",
        "12 mar 1874",
        "12th march, 1874",
        "the 12th of march 1874",
        "march 12, 1874",
        "mar. 12, 1874",
        "march 12th 1874",
        "on march 12, 1874",
        "1874年3月12日",
        "1874年03月12号",
    ],
    "1874-03-XX": ["march 1874", "in march 1874", "march, 1874", "march of 1874", "1874年3月"],
    "XXXX-03-12": ["march 12", "12 march", "the 12th of march", "3月12日"],
    "1874": ["1874", "in 1874", "the year 1874", "in the year 1874", "1874年"],
    "XXXX-02-29": ["february 29", "29 feb"],
    "2000-02-29": ["29 february 2000"],
    "XXXX-09-05": ["sept. 5", "5 september"],
}
NONE = [
    "",
    "may",
    "march",
    "12",
    "874",
    "18740",
    "apollo 11",
    "1984 the novel",
    "3/4/1999",
    "2001-02",
    "1914-1918",
    "1999-3-4",
    "31 april 1990",
    "29 february 1900",
    "february 30",
    "0 may 1990",
    "1874年0月",
    "1874年13月",
    "1874年3月0日",
    "march 121874",
    "march 12 1874 bc",
    "friday, march 12",
    "mayday 1990",
    "3年",
    "3月",
]


@pytest.mark.parametrize(
    ("text", "shown"), [(text, shown) for shown, texts in SAME.items() for text in texts]
)
def test_a_date_is_read_however_it_is_written_and_no_part_is_made_up(text: str, shown: str) -> None:
    assert read_date(text) == shown


@pytest.mark.parametrize("text", NONE)
def test_what_may_be_another_date_or_none_is_not_read(text: str) -> None:
    assert read_date(text) is None


@given(st.dates(min_value=date(1000, 1, 1)))
def test_a_written_date_is_its_own_iso_form(day: date) -> None:
    month = day.strftime("%B").lower()
    assert read_date(f"{month} {day.day}, {day.year}") == day.isoformat()
    assert read_date(f"{day.day} {month} {day.year}") == day.isoformat()
    assert read_date(day.isoformat()) == day.isoformat()
    assert read_date(f"{day.year}年{day.month}月{day.day}日") == day.isoformat()
