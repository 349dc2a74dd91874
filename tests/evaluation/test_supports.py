import pytest
from hypothesis import given, strategies as st

from ragreason.evaluation.answers import AnswerScore
from ragreason.evaluation.supports import SupportScore, score_set, score_support

SETS = st.lists(st.integers(0, 6), max_size=6)


@given(SETS, SETS)
def test_equals_counting_by_hand(named: list[int], needed: list[int]) -> None:
    tp = sum(1 for x in set(named) if x in needed)
    fp = sum(1 for x in set(named) if x not in needed)
    fn = sum(1 for x in set(needed) if x not in named)
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    em = 1.0 if fp + fn == 0 else 0.0
    assert score_set(named, needed) == AnswerScore(em, f1, precision, recall)


def test_support_counts_distinct_retrieved_ids() -> None:
    assert score_support(["a", "a", "x"], ["a", "b"]) == SupportScore(recall=0.5, all=0.0)
    assert score_support(["b", "x", "a"], ["a", "b"]) == SupportScore(recall=1.0, all=1.0)
    assert score_support([], ["a"]) == SupportScore(recall=0.0, all=0.0)


def test_no_known_supports_is_no_score() -> None:
    assert score_support(["a"], []) is None


@pytest.mark.parametrize("extra", [0, 5, 50])
def test_support_does_not_punish_more_passages(extra: int) -> None:
    score = score_support(["a", *map(str, range(extra))], ["a"])
    assert score == SupportScore(recall=1.0, all=1.0)
