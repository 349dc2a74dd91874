"""Which answers agree, and what each side weighs."""

import pytest
from hypothesis import given, strategies as st

from ragreason.nodes.sides import Reading, agree, sides
from ragreason.types import Hit, Passage


def reading(text: str, score: float, document: str) -> Reading:
    passage = Passage(id=f"{document}{text}", title=document, text="x", document=document)
    return Reading(text, Hit(passage=passage, score=1.0, rank=1, source="t"), score)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1874", "1874."),
        ("12 March 1874", "March 12, 1874"),
        ("1874", "in May 1874"),
        ("Quill", "Edda Quill"),
        ("yes", "True"),
        ("一八七四年", "一八七四年"),
    ],
)
def test_answers_that_are_one_vote_or_only_say_more_agree(one: str, other: str) -> None:
    assert agree(one, other)
    assert agree(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1874", "1871"), ("yes", "no"), ("yes", "yes, in 1874"), ("Edda Quill", "Edda Vask")],
)
def test_others_do_not(one: str, other: str) -> None:
    assert not agree(one, other)
    assert not agree(other, one)


def test_a_document_counts_once_by_its_best_reading() -> None:
    (side,) = sides("", [reading("1874", 0.6, "a"), reading("in 1874", 0.9, "a")])
    assert (side.text, side.weight, side.documents) == ("in 1874", 0.9, 1)


def test_one_document_does_not_overturn_what_all_together_say() -> None:
    first, second = sides("1871", [reading("1874", 0.9, "a")])
    assert (first.text, first.weight, second.weight) == ("1871", 1.0, 0.9)


def test_two_documents_do() -> None:
    first, second = sides("1871", [reading("1874", 0.6, "a"), reading("1874", 0.6, "b")])
    assert (first.text, first.documents, second.text) == ("1874", 2, "1871")


def test_the_answer_of_all_together_leads_among_equals() -> None:
    held = [reading("1874", 0.5, "a"), reading("1874", 0.5, "b")]
    assert [side.text for side in sides("1871", held)] == ["1871", "1874"]


def test_its_weight_is_that_of_its_documents_where_they_give_more() -> None:
    held = [reading("1871", 0.7, "a"), reading("1871", 0.7, "b"), reading("1874", 0.9, "c")]
    first, _ = sides("1871", held)
    assert first.together
    assert first.weight == pytest.approx(1.4)


def test_an_empty_answer_is_no_side() -> None:
    assert sides("", []) == []


TEXTS = st.sampled_from(["1874", "1871", "in 1874", "Edda Quill", "Quill", "no"])
READINGS = st.lists(st.builds(reading, TEXTS, st.floats(0, 1), st.sampled_from("abc")), max_size=6)


@given(TEXTS, READINGS)
def test_no_reading_is_lost_and_weights_fall(answer: str, held: list[Reading]) -> None:
    found = sides(answer, held)
    placed = [r for side in found for r in side.readings]
    assert sorted(placed, key=repr) == sorted(held, key=repr)
    assert [s.weight for s in found] == sorted((s.weight for s in found), reverse=True)
    assert sum(side.together for side in found) == 1
