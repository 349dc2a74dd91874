"""Reports, exports, the leaderboard and the regression check from end to end."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ragreason.cli.main import invoke
from ragreason.settings import settings

VESSMARK = Path(__file__).parents[2] / "corpora/vessmark"
SCRIPT = """
rules:
  - {when: "engineer born who designed the Castellow Bridge", reply: "1864"}
default: "Tessing"
"""
CAPTURE = pytest.CaptureFixture[str]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: CAPTURE) -> Path:
    """The working folder, with the runs out/direct and out/naive_rag of six questions."""
    (tmp_path / "s.yaml").write_text(SCRIPT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAGREASON_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RAGREASON_EMBEDDER", "hashing")
    settings.cache_clear()
    assert evaluate("out", "direct", "naive_rag") == 0
    told = capsys.readouterr().err.split()
    assert [Path(word) for word in told if word.endswith(".html")] == [
        Path("out/direct/report.html"),
        Path("out/naive_rag/report.html"),
        Path("out/report.html"),
    ]
    return tmp_path


def evaluate(out: str | None, *graphs: str, more: Sequence[str] = ()) -> int:
    data = ["--data", f"world:{VESSMARK}", "--model", "scripted:s.yaml", "--limit", "6"]
    return invoke(["eval", *graphs, *data, *(["--out", out] if out else []), *more])


def test_an_evaluation_writes_its_pages_and_keeps_its_passages(runs: Path) -> None:
    page = (runs / "out/naive_rag/report.html").read_text(encoding="utf-8")
    assert "<title>naive_rag on world</title>" in page
    together = (runs / "out/report.html").read_text(encoding="utf-8")
    assert "<title>direct and naive_rag on world</title>" in together
    kept = (runs / "out/naive_rag/passages.jsonl").read_text(encoding="utf-8").splitlines()
    passages = {row["id"]: row["text"] for row in map(json.loads, kept)}
    assert len(passages) == len(kept)
    rows = (runs / "out/naive_rag/results.jsonl").read_text(encoding="utf-8").splitlines()
    named = {i for row in map(json.loads, rows) for i in (*row["retrieved"], *row["support_ids"])}
    assert named == set(passages)


def test_without_out_the_comparison_lies_beside_its_runs(runs: Path, capsys: CAPTURE) -> None:
    assert evaluate(None, "direct", "naive_rag") == 0
    page = Path(capsys.readouterr().err.split()[-1])
    assert page.parent == runs / "home/evaluations"
    assert page.name.startswith("report-")


def test_a_report_goes_where_it_is_told(runs: Path, capsys: CAPTURE) -> None:
    assert invoke(["report", "out/direct", "--out", "pages/one.html"]) == 0
    assert capsys.readouterr().out.strip() == "pages/one.html"
    assert (runs / "pages/one.html").is_file()


def test_pictures_are_written_as_png_and_svg(runs: Path, capsys: CAPTURE) -> None:
    args = ["report", "out/direct", "out/naive_rag", "--plots", "pictures", "--json"]
    assert invoke(args) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found["page"] == "out/report.html"
    names = {Path(path).name for path in found["pictures"]}
    pictures = ("tokens", "retrieval", "causes")
    assert names >= {f"{name}.{form}" for name in pictures for form in ("png", "svg")}
    assert (runs / "pictures/tokens.png").read_bytes().startswith(b"\x89PNG")
    assert (runs / "pictures/causes.svg").read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.parametrize(
    ("form", "beginning"),
    [("--csv", "run,dataset,"), ("--markdown", "| run | n |"), ("--latex", "% \\usepackage")],
)
def test_tables_for_other_programs(runs: Path, capsys: CAPTURE, form: str, beginning: str) -> None:
    assert invoke(["report", "out/direct", "out/naive_rag", form]) == 0
    out = capsys.readouterr().out
    assert out.startswith(beginning)
    assert "naive" in out


def test_compare_writes_a_page(runs: Path, capsys: CAPTURE) -> None:
    assert invoke(["compare", "out/direct", "out/naive_rag", "--html", "both.html"]) == 0
    assert "report: both.html" in capsys.readouterr().err
    assert "Differences to direct" in (runs / "both.html").read_text(encoding="utf-8")


def test_the_regression_check_is_an_exit_code_and_a_line(runs: Path, capsys: CAPTURE) -> None:
    same = ["compare", "out/direct", "out/naive_rag", "--fail-if-worse"]
    assert invoke(same) == 0
    assert capsys.readouterr().out.startswith("not worse: F1 +0.000")
    (runs / "s.yaml").write_text('default: "nobody"', encoding="utf-8")
    assert evaluate("new", "direct", more=["--no-cache"]) == 0
    capsys.readouterr()
    assert invoke(["compare", "out/direct", "new", "--fail-if-worse"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("worse: F1 -0.333")
    assert out.count("\n") == 1
    worse = ["compare", "out/direct", "new", "--fail-if-worse", "--margin", "0.5", "--json"]
    assert invoke(worse) == 0
    assert json.loads(capsys.readouterr().out)["worse"] is False
    assert invoke(["compare", "new", "out/direct", "--fail-if-worse", "--metric", "em"]) == 0


def test_the_leaderboard_fits_80_columns(runs: Path, capsys: CAPTURE) -> None:
    assert invoke(["leaderboard", "out"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("world, data ")
    assert len(lines) == 4
    assert invoke(["leaderboard", ".", "--metric", "support_recall", "--json"]) == 0
    (board,) = json.loads(capsys.readouterr().out)
    assert [line["name"] for line in board["lines"]] == ["naive_rag", "direct"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["report", "nowhere"], "nowhere is no run"),
        (["report", "out/direct", "--csv", "--latex"], "give one of --csv"),
        (["report", "out/direct", "--csv", "--out", "x"], "drop --out"),
        (["report", "out/direct", "--csv", "--json"], "drop --json"),
        (["compare", "out/direct", "--fail-if-worse"], "at least two folders"),
        (["compare", *["out/direct"] * 3, "--fail-if-worse"], "takes two folders"),
        (["compare", *["out/direct"] * 2, "--fail-if-worse", "--metric", "x"], "unknown metric"),
        (["leaderboard", "nowhere"], "no such folder"),
        (["report", "out/direct", "--out", "s.yaml/x.html"], "can't be written"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    runs: Path, capsys: CAPTURE, args: list[str], message: str
) -> None:
    assert invoke(args) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert printed.err.count("\n") == 1
