import pytest

from ragreason.errors import ConfigError
from ragreason.report.leaderboard import leaderboard
from tests.report.conftest import MakeFolder, MakeRow


def test_runs_are_ordered_within_their_data(
    row: MakeRow, folder: MakeFolder, tmp_path: object
) -> None:
    def rows(right: int) -> list[dict[str, object]]:
        return [row(i, right=float(i < right)) for i in range(6)]

    root = folder("all/weak", rows(1)).parent
    folder("all/deep/strong", rows(5))
    folder("all/other", rows(3), data_hash="e" * 16)
    boards, left_out = leaderboard(root)
    assert [(b.data_hash[0], [line.name for line in b.lines]) for b in boards] == [
        ("d", ["strong", "weak"]),
        ("e", ["other"]),
    ]
    assert left_out == []
    assert boards[0].asked_alike


def test_two_runs_of_a_graph_go_by_their_folders(row: MakeRow, folder: MakeFolder) -> None:
    root = folder("all/a", [row()], graph="react").parent
    folder("all/b", [row(right=1.0)], graph="react")
    (board,), _ = leaderboard(root)
    assert [line.name for line in board.lines] == ["b", "a"]


def test_equals_are_ordered_by_their_tokens(row: MakeRow, folder: MakeFolder) -> None:
    dear = row()
    dear["usage"] = {**dear["usage"], "prompt_tokens": 9_000}
    root = folder("all/dear", [dear]).parent
    folder("all/cheap", [row()])
    (board,), _ = leaderboard(root)
    assert [line.name for line in board.lines] == ["cheap", "dear"]


def test_what_is_not_finished_is_left_out_and_told(row: MakeRow, folder: MakeFolder) -> None:
    root = folder("all/a", [row()]).parent
    folder("all/begun", [row()]).joinpath("summary.json").unlink()
    (root / "begun/run.json").write_text('{"parts": {}}', encoding="utf-8")
    folder("all/torn", [row()]).joinpath("summary.json").write_text("{", encoding="utf-8")
    (board,), left_out = leaderboard(root)
    assert [line.name for line in board.lines] == ["a"]
    assert ["begun is not finished" in left_out[0], "torn" in left_out[1]] == [True, True]


def test_each_board_goes_by_what_its_data_is_scored_by(row: MakeRow, folder: MakeFolder) -> None:
    root = folder("all/a", [row(right=1.0)]).parent
    folder("all/b", [{**row(right=1.0), "scores": {"accuracy": 0.0}}], data_hash="e" * 16)
    folder("all/c", [{**row(), "scores": {"accuracy": 1.0}}], data_hash="e" * 16)
    usual, accurate = leaderboard(root)[0]
    assert (usual.metric, accurate.metric) == ("f1", "accuracy")
    assert [line.name for line in accurate.lines] == ["c", "b"]
    assert [board.metric for board in leaderboard(root, "em")[0]] == ["em", "em"]


def test_runs_of_other_lengths_are_marked(row: MakeRow, folder: MakeFolder) -> None:
    root = folder("all/a", [row()]).parent
    folder("all/b", [row(), row(1)])
    assert not leaderboard(root)[0][0].asked_alike


@pytest.mark.parametrize(
    ("place", "metric", "message"),
    [
        ("all", "bleu", "no run has the metric 'bleu'; they have: em, f1"),
        ("nowhere", "f1", "no such folder"),
        ("empty", "f1", "no finished evaluation"),
    ],
)
def test_mistakes(row: MakeRow, folder: MakeFolder, place: str, metric: str, message: str) -> None:
    root = folder("all/a", [row()]).parent.parent
    (root / "empty").mkdir()
    with pytest.raises(ConfigError, match=message):
        leaderboard(root / place, metric)
