import pytest

from ragreason.report.confidence import calibration
from tests.report.conftest import MakeRow


def test_a_run_that_is_as_sure_as_it_is_right_has_no_error(row: MakeRow) -> None:
    rows = [row(i, right=float(i < 3), confidence=0.75) for i in range(4)]
    found = calibration(rows)
    assert found is not None
    assert found.error == pytest.approx(0.0)
    assert [(b.confidence, b.right.value, b.n) for b in found.bins] == [(0.75, 0.75, 4)]


def test_the_error_weighs_bins_by_their_size(row: MakeRow) -> None:
    sure = [row(i, right=0.0, confidence=1.0) for i in range(3)]
    unsure = [row(9, right=0.0, confidence=0.0)]
    found = calibration([*sure, *unsure])
    assert found is not None
    assert found.error == pytest.approx(0.75)
    assert [b.n for b in found.bins] == [1, 3]


def test_risk_rises_where_confidence_sorts(row: MakeRow) -> None:
    rows = [row(i, right=float(i >= 2), confidence=0.2 + i / 10) for i in range(4)]
    found = calibration(rows)
    assert found is not None
    assert [p.coverage for p in found.points] == [0.25, 0.5, 0.75, 1.0]
    assert [p.risk for p in found.points] == pytest.approx([0.0, 0.0, 1 / 3, 0.5])


def test_equal_confidence_is_one_point_whatever_the_order(row: MakeRow) -> None:
    rows = [row(i, right=float(i % 2), confidence=0.5) for i in range(4)]
    for given in (rows, rows[::-1]):
        found = calibration(given)
        assert found is not None
        assert found.points == [(1.0, 0.5)]


@pytest.mark.parametrize("values", [[None, None], [0.5, None], [0.5, 1.5], [-3.2, 0.1]])
def test_what_is_no_confidence_is_not_drawn(row: MakeRow, values: list[float | None]) -> None:
    assert calibration([row(i, confidence=value) for i, value in enumerate(values)]) is None


def test_errors_have_no_confidence(row: MakeRow) -> None:
    rows = [row(0, confidence=0.9), row(1, status="error", confidence=0.9)]
    assert calibration(rows) is None


def test_very_many_points_are_thinned_and_end_where_they_end(row: MakeRow) -> None:
    rows = [row(i, right=float(i % 3 == 0), confidence=i / 2000) for i in range(1701)]
    found = calibration(rows)
    assert found is not None
    assert 400 < len(found.points) <= 501
    assert found.points[-1].coverage == 1.0
