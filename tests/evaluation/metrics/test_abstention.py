import pytest

from ragreason.evaluation.metrics.abstention import Abstention, abstention, abstention_scores


@pytest.mark.parametrize(
    ("abstained", "answerable", "expected"),
    [
        (False, True, {"sufficiency": 1.0}),
        (True, True, {"sufficiency": 0.0}),
        (False, False, {"sufficiency": 0.0, "abstention": 0.0}),
        (True, False, {"sufficiency": 1.0, "abstention": 1.0}),
    ],
)
def test_holding_back_is_right_where_there_is_no_answer(
    abstained: bool, answerable: bool, expected: dict[str, float]
) -> None:
    found = abstention_scores("musique", abstained=abstained, answerable=answerable)
    assert found == expected


def test_datasets_that_do_not_tell_have_no_such_score() -> None:
    assert abstention_scores("hotpotqa", abstained=True, answerable=True) == {}


def test_over_questions_it_is_a_detectors_precision_and_recall() -> None:
    pairs = [(True, False), (True, False), (True, True), (False, False), (False, True)]
    assert abstention(pairs) == Abstention(precision=2 / 3, recall=2 / 3, f1=2 / 3)
    assert abstention([(False, True)]) == Abstention(None, None, None)
    assert abstention([(False, False)]) == Abstention(None, 0.0, 0.0)
