"""The commands from end to end, on a scripted engine and hashed words."""

import json
import sqlite3
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


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "s.yaml").write_text(SCRIPT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAGREASON_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RAGREASON_EMBEDDER", "hashing")
    settings.cache_clear()
    return tmp_path


def evaluate(*graphs: str, more: Sequence[str] = ()) -> int:
    data = f"world:{VESSMARK}"
    return invoke(
        ["eval", *graphs, "--data", data, "--model", "scripted:s.yaml", "--limit", "6", *more]
    )


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_two_graphs_get_a_folder_each_and_a_comparison(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate("direct", "naive_rag", more=["--out", "out", "--json"]) == 0
    found = document(capsys)
    direct, rag = found["runs"]
    assert (direct["graph"], rag["graph"], direct["n"], rag["n"]) == ("direct", "naive_rag", 6, 6)
    assert (direct["usage"]["retrievals"], rag["usage"]["retrievals"]) == (0, 6)
    assert direct["metrics"]["em"]["value"] == pytest.approx(2 / 6)
    assert direct["metrics"]["support_recall"]["value"] == 0
    assert rag["metrics"]["support_recall"]["value"] > 0.3
    assert {d["metric"] for d in found["differences"]} == {"em", "f1", "support_recall"}
    rows = (folder / "out/naive_rag/results.jsonl").read_text(encoding="utf-8").splitlines()
    first = json.loads(rows[0])
    assert first["trace"][0]["kind"] == "search"
    assert len(first["trace"][0]["titles"]) == 5
    assert len(first["retrieved"]) == 5


def test_tables_fit_80_columns(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate("direct", "naive_rag") == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1].startswith("direct")


def test_the_same_command_goes_on_and_another_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate("naive_rag", more=["--out", "out"]) == 0
    rows = (folder / "out/results.jsonl").read_bytes()
    assert evaluate("naive_rag", more=["--out", "out"]) == 0
    assert (folder / "out/results.jsonl").read_bytes() == rows
    capsys.readouterr()
    assert evaluate("naive_rag", more=["--out", "out", "--set", "retrieve.k=3"]) == 2
    message = capsys.readouterr().err
    assert "out holds a run with another graph_hash" in message
    assert "another overrides (none, now retrieve.k=3)" in message


def test_kept_rows_are_told_and_asked_anew_if_wanted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = "direct: 6 of 6 kept from an earlier run in out; --again asks anew"
    assert evaluate("direct", more=["--out", "out", "--no-cache"]) == 0
    assert "kept from" not in capsys.readouterr().err
    assert evaluate("direct", more=["--out", "out", "--no-cache"]) == 0
    assert told in capsys.readouterr().err
    assert evaluate("direct", more=["--out", "out", "--again"]) == 0
    assert told not in capsys.readouterr().err
    assert len(list((folder / "out").glob("results-*.jsonl"))) == 1


def test_failed_questions_are_told_and_the_exit_code_is_1(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "s.yaml").write_text('rules: [{when: "Castellow", reply: "1864"}]', encoding="utf-8")
    assert evaluate("direct", more=["--out", "out", "--json"]) == 1
    printed = capsys.readouterr()
    (run,) = json.loads(printed.out)["runs"]
    assert (run["n"], run["errors"], run["metrics"]["em"]["value"]) == (6, 5, 1.0)
    assert "5 questions failed" in printed.err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["eval", "direct", "--data", "hotpotq:x.json"], "unknown dataset 'hotpotq'"),
        (["eval", "direct", "--data", "musique:x.json"], "x.json: no such file"),
        (["eval", "dirct", "--data", f"world:{VESSMARK}"], "unknown graph 'dirct'"),
        (["eval", "direct", "direct", "--data", f"world:{VESSMARK}"], "two graphs are called"),
        (["eval", "direct", "--data", f"world:{VESSMARK}", "--offset", "40"], "40 questions only"),
        (["eval", "direct", "--data", "x", "--field", "question"], "expected --field NAME=COLUMN"),
        (["eval", "direct", "--data", f"world:{VESSMARK}", "--seeds", "0,x"], "expected --seeds"),
        (["eval", "direct", "--data", f"world:{VESSMARK}", "--seeds", "1,1"], "names a seed twice"),
        (["eval", "direct", "--data", f"world:{VESSMARK}", "--price", "1"], "--price '1'"),
        (["compare", "a"], "give at least two folders"),
        (["compare", "a", "b"], "a is no run"),
        (["data", "convert", f"world:{VESSMARK}", "--out", "s.yaml"], "a new or an empty folder"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(
    folder: Path, capsys: pytest.CaptureFixture[str], args: list[str], message: str
) -> None:
    assert invoke(args) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert printed.err.count("\n") == 1


def test_a_wrong_model_is_told_before_an_index_is_made(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = f"world:{VESSMARK}"
    assert invoke(["eval", "naive_rag", "--data", data, "--model", "minilmm"]) == 2
    assert "unknown model 'minilmm'" in capsys.readouterr().err
    assert not (folder / "home/corpora").exists()
    assert evaluate("naive_rag") == 0
    assert (folder / "home/corpora").exists(), "where it would have been"


def test_compare_reads_finished_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate("direct", "naive_rag", more=["--out", "out"]) == 0
    capsys.readouterr()
    assert invoke(["compare", "out/direct", "out/naive_rag", "--json"]) == 0
    found = document(capsys)
    assert [d["run"] for d in found["differences"]] == ["naive_rag"] * 3
    assert invoke(["compare", "out/direct", "out/naive_rag"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("minus direct") for line in lines)


def test_data_list_names_every_layout(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["data", "list"]) == 0
    assert "musique" in capsys.readouterr().out


def test_data_convert_makes_a_world(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["data", "convert", f"world:{VESSMARK}", "--out", "copy", "--json"]) == 0
    assert document(capsys) == {"folder": "copy", "questions": 40, "passages": 76}


def test_a_synthetic_world_is_scored(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["data", "synth", "--out", "w", "--questions", "5", "--seed", "1"]) == 0
    args = ["eval", "naive_rag", "--data", "world:w", "--model", "scripted:s.yaml", "--json"]
    capsys.readouterr()
    assert invoke(args) == 0
    (run,) = document(capsys)["runs"]
    assert (run["n"], run["errors"]) == (5, 0)
    assert run["metrics"]["support_recall"]["value"] > 0


def test_an_index_that_lacks_the_supports_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "other.md").write_text("# Ilse\n\nIlse rows.\n", encoding="utf-8")
    assert invoke(["index", "build", "other.md", "--out", "index"]) == 0
    capsys.readouterr()
    assert evaluate("naive_rag", more=["--index", "index", "--json"]) == 0
    printed = capsys.readouterr()
    assert "are not in index, as they are in the data" in " ".join(printed.err.split())
    assert json.loads(printed.out)["runs"][0]["metrics"]["support_recall"]["value"] == 0


def test_seeds_prices_and_a_database(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sqlalchemy")
    more = ["--seeds", "0,3", "--price", "prompt=1,completion=2", "--results", "sqlite:///r.db"]
    assert evaluate("naive_rag", more=[*more, "--out", "out", "--json"]) == 0
    (run,) = document(capsys)["runs"]
    assert (run["n"], run["seeds"], run["metrics"]["em"]["n"]) == (6, [0, 3], 6)
    assert run["cost"]["calls"] == 12
    spent = run["cost"]["tokens"]
    assert run["cost"]["money"] == (spent["prompt"] + 2 * spent["completion"]) / 1e6
    assert run["groups"]["hops"]
    assert run["small_sample"]
    connection = sqlite3.connect("r.db")
    count = connection.execute("select count(*), count(distinct seed) from ragreason_results")
    assert count.fetchone() == (12, 2)
    connection.close()


def test_another_setting_is_a_new_run_and_what_changed_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert evaluate("direct") == 0
    assert "a new run" not in capsys.readouterr().err
    assert evaluate("direct") == 0
    assert "a new run" not in capsys.readouterr().err
    assert evaluate("direct", more=["--seed", "1"]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "a new run: direct-" in said
    assert "has another seed (0, now 1)" in said
    monkeypatch.setenv("RAGREASON_MAX_QUESTION_CHARS", "7000")
    assert evaluate("direct") == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "has another setting.max_question_chars (8000, now 7000)" in said
    assert len(list((folder / "home/evaluations").iterdir())) == 3


PARTS = {
    "graph_hash": ["--set", "answer.max_tokens=9"],
    "overrides": ["--set", "answer.max_tokens=9"],
    "model.small": ["--model", "small=scripted:other.yaml"],
    "retriever": ["--retriever", "bm25"],
    "index": ["--index", "index"],
    "data_hash": ["--data", "world:w"],
    "seed": ["--seeds", "0,1"],
}


@pytest.mark.parametrize("part", [*PARTS, "weights.main", "prompts_hash", "setting.embedder"])
def test_every_part_of_the_key_is_checked(
    part: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert evaluate("naive_rag", more=["--out", "out"]) == 0
    (folder / "other.yaml").write_text('default: "x"', encoding="utf-8")
    if part == "weights.main":
        (folder / "s.yaml").write_text('default: "x"', encoding="utf-8")
    if part == "index":
        assert invoke(["index", "build", str(VESSMARK / "documents"), "--out", "index"]) == 0
    if part == "data_hash":
        assert invoke(["data", "synth", "--out", "w", "--questions", "5", "--seed", "1"]) == 0
    if part == "prompts_hash":
        monkeypatch.setattr("ragreason.prompts.prompts_hash", lambda: "0000")
    if part == "setting.embedder":
        monkeypatch.setenv("RAGREASON_EMBEDDER", "hashing-64")
    before = (folder / "out/results.jsonl").read_bytes()
    capsys.readouterr()
    assert evaluate("naive_rag", more=["--out", "out", *PARTS.get(part, [])]) == 2
    assert f"another {part} (" in " ".join(capsys.readouterr().err.split())
    assert (folder / "out/results.jsonl").read_bytes() == before
