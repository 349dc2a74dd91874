"""A question that follows on an earlier run."""

import json
from pathlib import Path

import pytest

from ragreason.cli.main import invoke
from ragreason.settings import settings

SCRIPT = """
rules:
  - {when: "Last question: When was she born?", reply: "When was Edda Quill born?"}
  - {when: "Last question: And where?", reply: "And where was Edda Quill born in 1874?"}
  - {when: "Question: When was Edda Quill born?", reply: "1874"}
  - {when: "Question: And where was Edda Quill", reply: "Tessing"}
  - {when: "", reply: "Edda Quill"}
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s.yaml").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "c.md").write_text("# Edda Quill\n\nBorn in Tessing in 1874.\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAGREASON_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RAGREASON_EMBEDDER", "hashing")
    settings.cache_clear()
    assert invoke(["index", "build", "c.md", "--out", "index"]) == 0


def ask(capsys: pytest.CaptureFixture[str], question: str, *options: str) -> dict[str, object]:
    given = ["--index", "index", "--model", "scripted:s.yaml", "--json", *options]
    capsys.readouterr()
    assert invoke(["run", "follow_up", question, *given]) == 0
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return document


def test_each_question_knows_all_that_was_said_before(capsys: pytest.CaptureFixture[str]) -> None:
    first = ask(capsys, "Who designed the Sallow Bridge?")
    second = ask(capsys, "When was she born?", "--after", str(first["run"]))
    third = ask(capsys, "And where?", "--after", "last")
    assert [str(d["answer"]["text"]) for d in (first, second, third)] == [  # type: ignore[index]
        "Edda Quill",
        "1874",
        "Tessing",
    ]
    assert third["question"]["history"] == [  # type: ignore[index]
        {"question": "Who designed the Sallow Bridge?", "answer": "Edda Quill"},
        {"question": "When was she born?", "answer": "1874"},
    ]


def test_a_run_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--index", "index", "--model", "scripted:s.yaml", "--after", "2019"]
    assert invoke(["run", "follow_up", "And where?", *given]) == 2
    assert "no run '2019'" in capsys.readouterr().err
