import pytest

from ragreason.report.retrieval import retrieval_curve
from tests.report.conftest import MakeRow


def test_recall_and_completeness_by_depth(row: MakeRow) -> None:
    rows = [row(0, retrieved=["s1", "x", "s2"]), row(1, retrieved=["x", "s2"])]
    curve = retrieval_curve(rows)
    assert curve is not None
    assert list(curve.ks) == [1, 2, 3]
    assert [i.value for i in curve.recall] == [0.25, 0.5, 0.75]
    assert [i.value for i in curve.complete] == [0.0, 0.0, 0.5]


def test_a_passage_found_twice_counts_once(row: MakeRow) -> None:
    curve = retrieval_curve([row(retrieved=["s1", "s1", "s2"])])
    assert curve is not None
    assert [i.value for i in curve.recall] == [0.5, 1.0, 1.0]


def test_failed_rows_and_rows_without_supports_are_left_out(row: MakeRow) -> None:
    assert retrieval_curve([row(status="error"), row(1, support_ids=[])]) is None
    curve = retrieval_curve([row(status="error", retrieved=[]), row(1, retrieved=["s1", "s2"])])
    assert curve is not None
    assert [i.value for i in curve.recall] == [0.5, 1.0]


def test_nothing_retrieved_is_recall_of_nothing(row: MakeRow) -> None:
    curve = retrieval_curve([row(retrieved=[])])
    assert curve is not None
    assert [i.value for i in curve.recall] == [0.0]


@pytest.mark.parametrize("deepest", [1, 4])
def test_the_curve_ends_at_the_depth_asked_for(row: MakeRow, deepest: int) -> None:
    curve = retrieval_curve([row(retrieved=list("abcdefgh"))], deepest)
    assert curve is not None
    assert len(curve.ks) == deepest


def test_more_seeds_of_the_same_make_no_interval_narrower(row: MakeRow) -> None:
    rows = [row(i, retrieved=["s1", "s2"] if i % 3 else ["x"]) for i in range(60)]
    seeds = [{**one, "seed": seed} for one in rows for seed in range(4)]
    assert retrieval_curve(seeds) == retrieval_curve(rows)
