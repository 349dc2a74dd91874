"""`ragreason graph`."""

import json
from pathlib import Path

import pytest

from ragreason.cli.main import invoke


def run(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> tuple[str, str]:
    """Standard output and error."""
    assert invoke(["graph", *args]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.yaml"
    path.write_text(
        "version: 1\nname: bad\nparadigm: baseline\n"
        "nodes:\n  a: {use: retreive}\n  b: {use: answer, max_token: 3}\n"
        "edges: [[START, a], [a, b], [b, END]]\n",
        encoding="utf-8",
    )
    return path


def test_list_names_every_graph(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = run(capsys, "list")
    assert out.splitlines()[0].split() == ["name", "paradigm", "source", "description"]
    graphs = json.loads(run(capsys, "list", "--json")[0])
    assert [g["name"] for g in graphs] == [line.split()[0] for line in out.splitlines()[1:]]
    assert {"name", "paradigm", "source", "description", "keeps", "departs"} == set(graphs[0])
    order = ["baseline", "reasoning_enhanced_retrieval"]
    order += ["retrieval_enhanced_reasoning", "synergized"]
    assert list(dict.fromkeys(g["paradigm"] for g in graphs)) == order


def test_on_a_terminal_the_list_has_a_heading_a_paradigm(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    out, _ = run(capsys, "list")
    lines = out.splitlines()
    assert "baseline (" in lines[0]
    assert any(line.startswith("  naive_rag ") and "2005.11401" in line for line in lines)
    assert max(len(line) for line in lines[1:] if "(" not in line) <= 80


def test_show_prints_the_file_or_what_it_is_read_as(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "show", "direct")[0].startswith("version: 1\nname: direct\n")
    out, _ = run(capsys, "show", "direct", "--set", "answer.max_tokens=9")
    assert "max_tokens: 9" in out
    shown = json.loads(run(capsys, "show", "direct", "--json")[0])
    assert shown["definition"]["nodes"]["answer"] == {"use": "answer"}


def test_validate_says_everything_that_is_wrong(
    capsys: pytest.CaptureFixture[str], bad: Path
) -> None:
    out, err = run(capsys, "validate", "direct", str(bad), code=2)
    assert out == "direct: ok\n"
    first, second = err.splitlines()
    assert first.startswith(
        f"error: {bad}:5: unknown node kind 'retreive'; did you mean 'retrieve'?"
    )
    assert second.startswith(
        f"error: {bad}:6: 'answer' has no parameter 'max_token'; did you mean 'max_tokens'?"
    )


def test_validate_as_json(capsys: pytest.CaptureFixture[str], bad: Path) -> None:
    out, _ = run(capsys, "validate", "direct", str(bad), "--json", code=2)
    good, wrong = json.loads(out)
    assert good == {"graph": "direct", "ok": True, "errors": []}
    assert [error["line"] for error in wrong["errors"]] == [5, 6]


def test_draw_writes_mermaid_or_a_picture(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(capsys, "draw", "direct")[0].startswith("flowchart TD\n")
    assert run(capsys, "draw", "direct", "--format", "svg")[0].startswith("<svg ")
    target = tmp_path / "direct.svg"
    run(capsys, "draw", "direct", "--out", str(target))
    assert target.read_text(encoding="utf-8").startswith("<svg ")


def test_new_writes_a_graph_that_validates_and_never_overwrites(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(capsys, "new", "mine")
    assert run(capsys, "validate", "mine.yaml")[0] == "mine.yaml: ok\n"
    _, err = run(capsys, "new", "mine", code=2)
    assert err == "error: mine.yaml exists; give another name, or --out FILE\n"


def test_schema_is_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(run(capsys, "schema")[0])["title"] == "ragreason graph"


def test_an_unknown_graph_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    _, err = run(capsys, "show", "direkt", code=2)
    assert err.startswith("error: unknown graph 'direkt'; did you mean 'direct'?")
