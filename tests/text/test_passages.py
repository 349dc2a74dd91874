import hashlib

import pytest
from hypothesis import given, strategies as st

from ragreason.text.passages import paragraph_text, passage_id, sentence_spans


def test_id_is_sixteen_hex_digits_of_sha256_over_title_newline_text() -> None:
    whole = hashlib.sha256(b"Ilse\nShe rows.").hexdigest()
    assert passage_id("Ilse", "She rows.") == whole[:16]


def test_title_and_text_are_not_interchangeable() -> None:
    assert passage_id("a", "b") != passage_id("b", "a")


def test_lone_surrogates_get_an_id() -> None:
    assert len(passage_id("t", "\ud800")) == 16


def test_blanks_in_the_file_are_kept() -> None:
    assert paragraph_text(["One here.", " Two there."]) == "One here. Two there."


def test_missing_blanks_are_put_in() -> None:
    assert paragraph_text(["One here.", "Two there."]) == "One here. Two there."


def test_chinese_sentences_get_no_blank() -> None:
    assert paragraph_text(["甲在北京。", "乙在上海。"]) == "甲在北京。乙在上海。"


def test_empty_sentences_leave_no_trace() -> None:
    assert paragraph_text(["", " One.", "", "Two.", " "]) == "One. Two."


@given(st.lists(st.text()))
def test_no_character_but_blanks_is_added_or_lost(sentences: list[str]) -> None:
    joined = "".join(paragraph_text(sentences).split())
    assert joined == "".join("".join(sentences).split())


def test_an_opening_quote_stays_with_its_word() -> None:
    assert paragraph_text(['He sang "', 'Doogie."', "Then he left."]) == (
        'He sang "Doogie." Then he left.'
    )


@pytest.mark.timeout(20)
def test_many_sentences_take_little_time() -> None:
    assert len(paragraph_text(["a b."] * 50_000)) == 5 * 50_000 - 1


@pytest.mark.parametrize(
    "sentences",
    [
        ["One here.", " Two there."],
        ["  One here. ", "Two there.", ""],
        ["", " ", "Two there. "],
        ["甲在北京。", "乙在上海。"],
        ['He said "', 'no".'],
        [],
    ],
)
def test_spans_are_the_sentences_in_the_text(sentences: list[str]) -> None:
    text = paragraph_text(sentences)
    found = [text[start:end] for start, end in sentence_spans(sentences)]
    assert found == [sentence.strip() for sentence in sentences]


@given(st.lists(st.text(st.sampled_from('ab .甲"(\n'), max_size=8), max_size=5))
def test_spans_hold_for_any_sentences(sentences: list[str]) -> None:
    text = paragraph_text(sentences)
    found = [text[start:end] for start, end in sentence_spans(sentences)]
    assert found == [sentence.strip() for sentence in sentences]
