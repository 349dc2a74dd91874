"""Plans by rule, from what a question describes."""

import re

import pytest

from ragreason.text.descriptions import described, next_described


@pytest.mark.parametrize(
    "question",
    [
        "What flows in [the country where the Bubye lies]?",
        "Who led the state on [the river by which Edda Quill lived]?",
        "Who fed [the town where Harrowby, Maine is located] in 1900?",
        "Who made [the author of the film Last Bridge (1929 Film)] famous?",
        "Mount Morn, in [the state where Harrowby is], is how high?",
        "What money had [the town Edda Quill is from] in 1900?",
        "Who taught [the sister of Kim Jong-chul] to read?",
        "When was [the author of The Tin Whistle] born?",
        "What plane flew over [Edda Quill's birthplace] in May?",
        "What is the best hotel in [Gisvi's city of birth]?",
    ],
)
def test_what_a_question_describes_is_asked_first(question: str) -> None:
    before, phrase, after = re.split(r"[\[\]]", question)
    plan = described(f"{before}{phrase}{after}")
    assert plan == [f"What is {phrase}?", f"{before}#1{after}"]


def test_nested_descriptions_are_asked_from_the_inside_out() -> None:
    question = "Who led the country where the composer of Aschenbrodel was born?"
    plan = [
        "What is the composer of Aschenbrodel?",
        "What is the country where #1 was born?",
        "Who led #2?",
    ]
    assert described(question) == plan
    assert described(question, 2) == [plan[0], "Who led the country where #1 was born?"]
    assert described(question, 1) == [question]


@pytest.mark.parametrize(
    "question",
    [
        "When was Edda Quill born?",
        "What is the capital of Peru?",
        "Which film has the director who is older, Last Bridge or First Bridge?",
        "What is the name of the city of Harrowby?",
        "设计柳溪桥的建筑师生于哪一年？",
        "",
        "which is the one that is?",
    ],
)
def test_a_question_that_describes_nothing_is_its_own_plan(question: str) -> None:
    assert described(question) == [question]


def test_the_next_description_is_filled_with_what_was_said_to_those_before() -> None:
    question = "Who led the country where the composer of Aschenbrodel was born?"
    said = {"what is the composer of Aschenbrodel": "Strauss", "Why?": "so"}
    assert next_described(question, {}) == "What is the composer of Aschenbrodel?"
    assert next_described(question, said) == "What is the country where Strauss was born?"
    said["What is the country where Strauss was born?"] = "Austria"
    assert next_described(question, said) == "Who led Austria?"
    assert next_described(question, {**said, "Who led Austria?": "Renner"}) == ""
    assert next_described("When was Edda Quill born?", {}) == ""


def test_an_empty_answer_fills_no_slot() -> None:
    question = "Who led the country where the composer of Aschenbrodel was born?"
    assert next_described(question, {"What is the composer of Aschenbrodel?": ""}) == ""


def test_a_number_sign_of_the_question_is_no_slot() -> None:
    question = "Who owns the band whose #1 single was Foo?"
    first = "What is the band whose number 1 single was Foo?"
    assert described(question) == [first, "Who owns #1?"]
    assert next_described(question, {}) == first
    assert next_described(question, {first: "Bar"}) == "Who owns Bar?"


@pytest.mark.parametrize("text", ["Alpha " * 30_000, "A" * 30_000, "the man who saw bob " * 3_000])
def test_too_long_a_question_is_its_own_plan(text: str) -> None:
    assert described(text) == [text], "else names are looked for from each place on, for minutes"
    assert described(f"{text} in the town where Edda Quill lived?")[1:] == []
