import pytest

from ragreason.errors import ConfigError
from ragreason.report.regression import check_regression
from tests.report.conftest import MakeFolder, MakeRow


@pytest.mark.parametrize(
    ("right", "margin", "worse"),
    [(50, 0.02, False), (49, 0.02, False), (48, 0.02, False), (47, 0.02, True), (49, 0.0, True)],
)
def test_worse_is_lower_by_more_than_the_margin(
    row: MakeRow, folder: MakeFolder, right: int, margin: float, worse: bool
) -> None:
    base = folder("base", [row(i, right=float(i < 50)) for i in range(100)])
    new = folder("new", [row(i, right=float(i < right)) for i in range(100)])
    assert check_regression(base, new, margin=margin).worse is worse


def test_better_is_not_worse_and_the_line_says_all(row: MakeRow, folder: MakeFolder) -> None:
    base = folder("base", [row(i) for i in range(8)])
    new = folder("new", [row(i, right=1.0) for i in range(8)])
    check = check_regression(base, new)
    assert check.line.startswith("not worse: F1 +1.000 [+1.000, +1.000] to 'base' on 8 questions")
    assert "margin 0.02, p 0.0078" in check.line


def test_questions_that_fail_now_are_worse_however_good_the_rest(
    row: MakeRow, folder: MakeFolder
) -> None:
    base = folder("base", [row(i, right=float(i > 0)) for i in range(8)])
    new = folder("new", [row(0, status="error"), *(row(i, right=1.0) for i in range(1, 8))])
    check = check_regression(base, new)
    assert (check.difference.value, check.lost, check.worse) == (0.0, 1, True)
    assert "1 questions that 'base' answered failed" in check.line


def test_errors_that_the_baseline_had_too_are_not_held_against_it(
    row: MakeRow, folder: MakeFolder
) -> None:
    rows = [row(0, status="error"), row(1), row(2)]
    assert not check_regression(folder("base", rows), folder("new", rows)).worse


def test_other_data_is_refused_and_named(row: MakeRow, folder: MakeFolder) -> None:
    base, new = folder("base", [row()]), folder("new", [row()], data_hash="e" * 16)
    with pytest.raises(ConfigError, match=r"different data: data_hash dddd\w+ and eeee"):
        check_regression(base, new)


@pytest.mark.parametrize(
    ("metric", "margin", "message"),
    [("bleu", 0.02, "unknown metric 'bleu'; these runs have: em, f1"), ("f1", -1.0, "at least 0")],
)
def test_mistakes(
    row: MakeRow, folder: MakeFolder, metric: str, margin: float, message: str
) -> None:
    base, new = folder("base", [row()]), folder("new", [row()])
    with pytest.raises(ConfigError, match=message):
        check_regression(base, new, metric=metric, margin=margin)


def test_runs_without_a_shared_question_are_refused(row: MakeRow, folder: MakeFolder) -> None:
    base, new = folder("base", [row(0)]), folder("new", [row(1)], offset=1)
    with pytest.raises(ConfigError, match="share no question"):
        check_regression(base, new)


def test_a_question_that_fails_with_one_of_its_seeds_is_lost_too(
    row: MakeRow, folder: MakeFolder
) -> None:
    rows = [row(i, seed=seed) for i in range(4) for seed in range(2)]
    failed = [*rows[:-1], row(3, seed=1, status="error")]
    base, new = (folder(name, found, n=4) for name, found in (("base", rows), ("new", failed)))
    assert check_regression(base, new).lost == 1
    assert not check_regression(new, base).worse


def test_questions_that_were_not_asked_are_told(row: MakeRow, folder: MakeFolder) -> None:
    base, new = folder("base", [row(i) for i in range(8)]), folder("new", [row(0)])
    assert check_regression(base, new).line.endswith("; 7 questions of 'base' were not asked")
    assert "not asked" not in check_regression(new, base).line
