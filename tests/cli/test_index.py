"""`ragreason index`, as people and programs call it."""

import json
from pathlib import Path
from typing import Any

import pytest

from ragreason.cli.main import invoke

FILES = {
    "lake.md": "# Ostmere\n\nOstmere is a deep lake in Vell.\n",
    "sub/hill.txt": "A hill of salt stands in the north.",
    "rows.csv": "name,body,year\nTarn,Tarn is a village,1990\nOrl,Orl is a port,2001\n",
    "photo.png": "\0",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAGREASON_EMBEDDER", "hashing")
    return tmp_path


@pytest.fixture
def ask(here: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command; (exit code, standard output, standard error)."""

    def asked(*args: str) -> tuple[int, str, str]:
        code = invoke(["index", *args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return asked


def build(ask: Any) -> Any:
    code, out, _ = ask("build", "docs", "--out", "i", "--fields", "title=name,text=body", "--json")
    assert code == 0
    return json.loads(out)


def test_build_says_what_it_did_and_what_it_left_out(ask: Any) -> None:
    code, out, err = ask("build", "docs", "--out", "i")
    assert (code, out) == (0, "i: 4 passages of 3 files (4 embedded now, 0 kept)\n")
    assert err == "left out docs/photo.png: no known kind of document ('.png')\n"
    assert ask("build", "docs", "--out", "i")[1].endswith("(0 embedded now, 4 kept)\n")


def test_build_with_json_prints_one_document(ask: Any) -> None:
    document = build(ask)
    assert (document["passages"], document["embedded"]) == (4, 4)
    assert [s["path"] for s in document["sources"]] == [
        "docs/lake.md",
        "docs/rows.csv",
        "docs/sub/hill.txt",
    ]
    assert document["skipped"][0]["path"] == "docs/photo.png"


def test_search_shows_hits_with_their_documents(ask: Any) -> None:
    build(ask)
    code, out, _ = ask("search", "deep lakes", "--index", "i", "-k", "1")
    assert code == 0
    assert "Ostmere is a deep lake in Vell." in out
    assert "docs/lake.md" in out
    document = json.loads(ask("search", "salt", "--index", "i", "--retriever", "bm25", "--json")[1])
    assert [hit["passage"]["title"] for hit in document["hits"]] == ["hill"]


def test_search_filters_by_metadata(ask: Any) -> None:
    build(ask)
    _, out, _ = ask("search", "Tarn", "--index", "i", "--where", "year=2001", "--json")
    assert [hit["passage"]["title"] for hit in json.loads(out)["hits"]] == ["Orl"]


def test_info_lists_the_sources(ask: Any) -> None:
    build(ask)
    code, out, _ = ask("info", "--index", "i", "--verify")
    assert code == 0
    assert "hashing-512 (512 dimensions)" in out
    assert "docs/sub/hill.txt" in out
    assert json.loads(ask("info", "--index", "i", "--json")[1])["passages"] == 4


def test_documents_are_deleted_and_added(ask: Any) -> None:
    build(ask)
    assert "3 passages of 2 files" in ask("delete", "docs/lake.md", "--index", "i")[1]
    assert "4 passages of 3 files" in ask("add", "docs/lake.md", "--index", "i")[1]
    assert "(0 embedded now, 4 kept)" in ask("add", "docs/lake.md", "--index", "i")[1]


def test_the_index_may_come_from_the_environment(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    build(ask)
    monkeypatch.setenv("RAGREASON_INDEX", "i")
    assert ask("search", "lake")[0] == 0


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["search", "x", "--index", "none"], "none: no such index; build it: ragreason index"),
        (["search", "x"], "no index given; name one: --index DIR"),
        (["build", "none", "--out", "i"], "none: no such file or folder"),
        (["build", "empty", "--out", "i"], "empty: no text found, nothing to index"),
        (["build", "docs", "--out", "docs"], "docs: holds other things"),
        (["build", "docs", "--out", "i", "--fields", "body"], "expected NAME=VALUE"),
        (["build", "docs/rows.csv", "--out", "i", "--fields", "text=x"], "has no field 'x'"),
        (["build", "docs", "--out", "i", "--embedder", "minilmm"], "did you mean 'minilm'?"),
        (["delete", "x", "--index", "none"], "no such index"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_code_2(
    ask: Any, here: Path, args: list[str], message: str
) -> None:
    (here / "empty").mkdir()
    code, out, err = ask(*args)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_an_index_of_another_embedder_is_one_line(
    ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(ask)
    code, _, err = ask("search", "x", "--index", "i", "--embedder", "hashing-64")
    assert code == 2
    assert "made by embedder 'hashing-512', not by 'hashing-64'" in err
