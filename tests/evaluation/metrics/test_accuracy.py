"""The datasets' own rules."""

import pytest
from hypothesis import given, settings, strategies as st

from ragreason.evaluation.metrics.accuracy import (
    accuracy,
    contains_answer,
    said_verdict,
    shares_word,
)

TEXTS = st.text(st.sampled_from("aAbB Tthe.,’é京\n"), max_size=20)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Yes", True),
        ("no.", False),
        ("No, he did not.", False),
        ("The answer is yes", True),
        ("It is true", True),
        ("yes and no", True),
        ("He said yes or no", None),
        ("Nobody knows", None),
        ("That is not true.", False),
        ("It isn't false", True),
        ("I think yes, it does not matter", True),
        ("", None),
        ("是", True),
        ("不是", False),
    ],
)
def test_yes_and_no_are_read_out_of_words(text: str, said: bool | None) -> None:
    assert said_verdict(text) is said


def test_strategyqa_needs_the_right_one() -> None:
    assert accuracy("strategyqa", "No, it is not", ["no"]) == 1.0
    assert accuracy("strategyqa", "yes", ["no"]) == 0.0
    assert accuracy("strategyqa", "perhaps", ["no"]) == 0.0


@settings(derandomize=True, deadline=None)
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=3))
def test_popqas_rule_equals_its_script(prediction: str, golds: list[str]) -> None:
    """The script's loop, written down again."""
    correct = False
    for gold in golds:
        if gold in prediction or gold.lower() in prediction or gold.capitalize() in prediction:
            correct = True
    assert contains_answer(prediction, golds) is correct


@settings(derandomize=True, deadline=None)
@given(TEXTS, TEXTS)
def test_multihop_rags_rule_equals_its_script(prediction: str, gold: str) -> None:
    one, two = prediction.lower().split(), gold.lower().split()
    assert shares_word(prediction, [gold]) is any(word in two for word in one)


def test_multihop_rag_reads_what_is_quoted() -> None:
    text = 'I think so. The answer to the question is "Sam Bankman-Fried" by far.'
    assert shares_word(text, ["sam"])
    assert not shares_word(text, ["think"])


def test_other_datasets_have_no_rule_of_their_own() -> None:
    assert accuracy("hotpotqa", "x", ["x"]) is None
    assert accuracy("popqa", "x", []) is None
