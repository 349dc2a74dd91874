"""`ragreason run --learn`: what a run leaves in a store of solved questions."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ragreason.cli.main import invoke
from ragreason.experience import Store
from ragreason.settings import settings

CORPUS = "# Edda Quill\n\nEdda Quill, an architect, was born in Harrowby in 1874.\n"
SCRIPT = """
rules:
  - {when: "year", reply: "1874"}
default: Zanzibar
"""
YEAR = "In which year was Edda Quill born?"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "s.yaml").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "c.md").write_text(CORPUS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAGREASON_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RAGREASON_EMBEDDER", "hashing")
    settings.cache_clear()
    assert invoke(["index", "build", "c.md", "--out", "index"]) == 0
    yield tmp_path
    settings.cache_clear()


def asked(capsys: pytest.CaptureFixture[str], question: str, *more: str) -> str:
    capsys.readouterr()
    options = ["--index", "index", "--model", "scripted:s.yaml", *more]
    assert invoke(["run", "naive_rag", question, *options]) == 0
    return capsys.readouterr().out


def test_a_supported_answer_is_kept_and_one_known_is_not_kept_again(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    assert asked(capsys, YEAR, "--learn", "mine").endswith("learned, in mine\n")
    assert "not learned" in asked(capsys, YEAR, "--learn", "mine")
    (record,) = Store(folder / "mine").read()
    assert (record.question, record.answer) == (YEAR, "1874")


def test_an_unsupported_answer_is_not_kept(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    shown: dict[str, Any] = json.loads(
        asked(capsys, "Where was Edda Quill buried?", "--learn", "mine", "--json")
    )
    assert shown["learned"] is False
    assert Store(folder / "mine").read() == ()


def test_of_a_follow_up_the_question_that_stands_alone_is_kept(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    asked(capsys, YEAR)
    script = yaml.safe_load((folder / "s.yaml").read_text(encoding="utf-8"))
    rewrite = {"when": "conversation", "reply": "In which year was Edda Quill born?"}
    script["rules"] = [rewrite, *script.get("rules", [])]
    (folder / "s.yaml").write_text(yaml.safe_dump(script), encoding="utf-8")
    options = ["--index", "index", "--model", "scripted:s.yaml", "--after", "last"]
    assert invoke(["run", "follow_up", "When was she born?", *options, "--learn", "mine"]) == 0
    [record] = Store(folder / "mine").read()
    assert "Edda Quill" in record.question


def test_nothing_is_kept_unasked(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert "learned" not in asked(capsys, YEAR)
    assert not list(folder.rglob("solved.jsonl"))


def test_a_file_is_refused_before_anything_runs(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    asking = ["run", "naive_rag", YEAR, "--index", "index", "--model", "scripted:s.yaml"]
    assert invoke([*asking, "--learn", "c.md"]) == 2
    assert "is a folder" in capsys.readouterr().err
    assert not (folder / "home" / "traces").exists()
