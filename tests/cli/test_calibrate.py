"""`ragreason calibrate` from end to end, on a scripted engine."""

import json
from pathlib import Path
from typing import Any

import pytest

from ragreason.cli.main import invoke
from ragreason.graph.library import read_nested
from ragreason.settings import settings

VESSMARK = Path(__file__).parents[2] / "corpora/vessmark"
GRAPHS = Path(__file__).parents[2] / "graphs"
SCRIPT = """
rules:
  - when: "Thought:"
    reply: " It is so. So the answer is: Tessing."
  - when: "using the passages"
    reply: ["Tessing", "Tessing", "1864", "Harrowby"]
  - when: ""
    reply: "yes"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "s.yaml").write_text(SCRIPT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAGREASON_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RAGREASON_EMBEDDER", "hashing")
    settings.cache_clear()
    return tmp_path


def calibrated(*more: str, graph: str = "adaptive") -> int:
    data = ["--data", f"world:{VESSMARK}", "--limit", "8", "--model", "scripted:s.yaml"]
    return invoke(["calibrate", graph, *data, "--out", "my.yaml", "--results", "rows", *more])


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_graph_written_differs_only_in_numbers_and_runs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrated("--json") == 0
    found = document(capsys)
    assert found["n"] == 8
    assert [row["name"] for row in found["routes"]] == [
        "ask=recall",
        "ask=retrieve,judge=END",
        "ask=retrieve,judge=loop",
        "calibrated, on these",
        "calibrated, held out",
    ]
    best = max(row["score"] for row in found["routes"][:3])
    assert found["routes"][3]["score"] >= 0.97 * best
    assert sum(found["routes"][3]["questions"].values()) == 8
    assert plain("my.yaml") == plain("adaptive")
    judge = read_nested("my.yaml").definition.nodes["judge"].parameters
    assert set(judge) == {"weights", "intercept"}
    assert "doubt" in judge["weights"]
    assert "doubt" not in read_nested("my.yaml").definition.nodes["ask"].parameters["weights"]
    once = ["--data", f"world:{VESSMARK}", "--limit", "1", "--model", "scripted:s.yaml"]
    assert invoke(["eval", "my.yaml", *once, "--out", "run"]) == 0


def plain(graph: str) -> dict[str, Any]:
    """The definition without what a calibration changes."""
    found = read_nested(graph).definition.model_dump(mode="json")
    for node in ("ask", "judge"):
        found["nodes"][node] = {"use": found["nodes"][node]["use"]}
    for edge in found["edges"]:
        edge["when"] = edge["when"] and {**edge["when"], "at_most": None}
    return found


def test_the_written_limits_send_questions_as_was_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The calibrated graph spends on each question what the route measured for it spent."""
    assert calibrated("--json") == 0
    said = document(capsys)["routes"][3]
    limit = ["--limit", "8", "--model", "scripted:s.yaml", "--out", "run", "--json"]
    assert invoke(["eval", "my.yaml", "--data", f"world:{VESSMARK}", *limit]) == 0
    (run,) = document(capsys)["runs"]
    usage = run["usage"]
    spent = usage["prompt_tokens"] + usage["completion_tokens"] + usage["verifier_tokens"]
    assert run["metrics"]["f1"]["value"] == pytest.approx(said["score"])
    assert spent / 8 == pytest.approx(said["tokens"])


def test_the_same_command_asks_nothing_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrated("--json") == 0
    first = document(capsys)
    kept = sorted(folder.glob("rows/*/results.jsonl"))
    before = [path.read_bytes() for path in kept]
    assert len(kept) == 3
    (folder / "my.yaml").unlink()
    assert calibrated("--json") == 0
    assert document(capsys) == first
    assert [path.read_bytes() for path in kept] == before


def test_several_datasets_are_calibrated_on_together(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrated("--data", f"world:{VESSMARK}", "--json") == 0
    assert document(capsys)["n"] == 16
    assert sorted(path.name for path in (folder / "rows").iterdir()) == ["1-world", "2-world"]


def test_a_table_shows_each_way_and_a_warning_of_few_questions(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrated() == 0
    shown = capsys.readouterr()
    assert "ask=retrieve,judge=loop" in shown.out
    assert "calibrated, held out" in shown.out
    assert "calibrated on 8 questions: with fewer than 100" in shown.err
    assert all(len(line) <= 80 for line in (shown.out + shown.err).splitlines())
    assert "of best way: the share of its score for the share of its tokens" in shown.err


def test_a_graph_that_decides_nothing_is_refused_before_anything_is_asked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrated(graph="naive_rag") == 2
    assert "nothing to calibrate" in capsys.readouterr().err
    assert not (folder / "rows").exists()


def test_a_graph_that_names_another_by_its_path_stays_in_its_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "own").mkdir()
    (folder / "own/loop.yaml").write_text((GRAPHS / "naive_rag.yaml").read_text(encoding="utf-8"))
    text = (GRAPHS / "adaptive.yaml").read_text(encoding="utf-8")
    (folder / "own/mine.yaml").write_text(text.replace("graph: think_on_graph", "graph: loop.yaml"))
    assert calibrated(graph="own/mine.yaml") == 2
    assert "give an --out in the folder of the graph" in capsys.readouterr().err
    assert calibrated("--out", "own/my.yaml", graph="own/mine.yaml") == 0
    assert read_nested("own/my.yaml").definition.nodes["loop"].graph == "loop.yaml"
