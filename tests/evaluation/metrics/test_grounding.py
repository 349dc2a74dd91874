"""Is the answer in what was read?"""

import pytest

from ragreason.evaluation.metrics.grounding import groundedness
from ragreason.types import Passage

PASSAGES = [
    Passage(id="a", title="Sallow Bridge", text="The bridge was designed by Edda Quill."),
    Passage(id="b", title="Edda Quill", text="Edda Quill was born in Harrowby in 1874."),
    Passage(id="c", title="龙门桥", text="龙门桥由李明设计，建于1874年。"),
]
ASKED = "When was the designer of the Sallow Bridge born?"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("1874", 1.0),
        ("1874 [2]", 1.0),
        ("1875", 0.0),
        ("Harrowby", 1.0),
        ("Paris", 0.0),
    ],
)
def test_a_short_answer_stands_in_a_sentence_or_does_not(answer: str, expected: float) -> None:
    assert groundedness(ASKED, answer, PASSAGES) == expected


def test_a_chinese_answer_is_found_too() -> None:
    assert groundedness("谁设计了龙门桥？", "李明", PASSAGES) == 1.0
    assert groundedness("谁设计了龙门桥？", "王刚", PASSAGES) == 0.0


def test_a_longer_answer_is_scored_sentence_by_sentence() -> None:
    true = "The Sallow Bridge was designed by Edda Quill."
    false = "The architect Otto Brandt drowned in the river Elbe near Dresden."
    high = groundedness(ASKED, true, PASSAGES)
    low = groundedness(ASKED, false, PASSAGES)
    assert high is not None
    assert low is not None
    assert high > 0.8 > 0.3 > low
    both = groundedness(ASKED, f"{true} {false}", PASSAGES)
    assert both == pytest.approx((high + low) / 2)


@pytest.mark.parametrize("answer", ["", "yes", "No.", "是"])
def test_what_cannot_be_looked_for_has_no_score(answer: str) -> None:
    assert groundedness(ASKED, answer, PASSAGES) is None


def test_without_passages_there_is_no_score() -> None:
    assert groundedness(ASKED, "1874", []) is None
