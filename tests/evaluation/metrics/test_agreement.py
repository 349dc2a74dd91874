import pytest
from hypothesis import given, settings, strategies as st

from ragreason.evaluation.metrics.agreement import Agreement, agreement

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30)


def test_a_worked_value() -> None:
    found = agreement([True, True, False, False], [True, False, False, False])
    assert found == Agreement(n=4, accuracy=0.75, kappa=0.5, only_first=1, only_second=0)


@settings(derandomize=True, deadline=None)
@given(PAIRS)
def test_kappa_equals_that_of_scikit_learn(pairs: list[tuple[bool, bool]]) -> None:
    from sklearn.metrics import cohen_kappa_score

    first, second = map(list, zip(*pairs, strict=True))
    found = agreement(first, second)
    if found.kappa is None:
        assert len({*first, *second}) == 1
    else:
        assert found.kappa == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)


def test_chance_alone_is_kappa_zero() -> None:
    assert agreement([True, True, False, False], [True, False, True, False]).kappa == 0.0


def test_a_judge_that_finds_everything_right_agrees_by_chance_only() -> None:
    found = agreement([True] * 4, [True, True, True, False])
    assert (found.accuracy, found.kappa) == (0.75, 0.0)
    assert agreement([True] * 4, [True] * 4).kappa is None


@pytest.mark.parametrize(("first", "second"), [([], []), ([True], [])])
def test_nothing_to_compare_is_refused(first: list[bool], second: list[bool]) -> None:
    with pytest.raises(ValueError, match="can't be held against"):
        agreement(first, second)
