"""`ragreason trace` on real runs of a scripted engine."""

import json
from pathlib import Path
from typing import Any

import pytest

from ragreason.cli.main import invoke
from ragreason.settings import settings

QUESTION = "When was the designer of the Sallow Bridge born?"
CORPUS = """# Sallow Bridge

The Sallow Bridge was designed by Edda Quill.

# Edda Quill

Edda Quill was born in 1874 in Tessing.
"""
SCRIPT = """
rules:
  - {when: "Quillish", reply: " Edda Quill was born in 1874.\\nAnswer: 1874"}
  - {when: "Bridgelike", reply: [" Quillish.\\nSearch: Edda Quill", " No.\\nAnswer: Tessing"]}
  - {when: "Townly", reply: [" Maybe.\\nAnswer: 1902"]}
  - {when: "", reply: [" Bridgelike.\\nSearch: Sallow Bridge", " Townly.\\nSearch: Tessing"]}
"""


@pytest.fixture
def folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Path:
    """A working folder with a script and an index."""
    (tmp_path / "s.yaml").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "c.md").write_text(CORPUS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAGREASON_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RAGREASON_EMBEDDER", "hashing")
    settings.cache_clear()
    assert invoke(["index", "build", "c.md", "--out", "index"]) == 0
    capsys.readouterr()
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], graph: str, *sets: str) -> None:
    given = ["--model", "scripted:s.yaml", *(f"--set={text}" for text in sets)]
    index = ["--index", "index"] if graph != "direct" else []
    assert invoke(["run", graph, QUESTION, *index, *given]) == 0
    capsys.readouterr()


def tree(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What is shown between the question and the answer."""
    assert invoke(["trace", "show", "--tree"]) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.endswith(QUESTION)
    return lines[: next(i for i, line in enumerate(lines) if line.startswith("answer "))]


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert invoke(["trace", "show", "last", "--tree", "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


VARIED = "solve.policy.temperature=0.7"
GUIDED = [VARIED, "solve.verifier=groundedness"]


def test_a_greedy_run_is_a_chain(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "react", VARIED)
    assert tree(capsys) == [
        "solve: 3 steps, 1 answer",
        "* 1 └ search  When was the designer of the Sallow Bridge born?",
        "* 2   └ search  Sallow Bridge",
        "* 3     └ answer  Tessing",
        "* chosen",
    ]


def test_best_of_n_is_a_bush_with_outcomes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "react", *GUIDED, "solve.strategy={use: best_of_n, n: 2}")
    heading, *lines, legend = tree(capsys)
    assert heading.split() == ["solve:", "6", "steps,", "2", "answers", "outcome", "weight"]
    assert [line[:62].rstrip() for line in lines] == [
        "* 1 ├ search  When was the designer of the Sallow Bridge born?",
        "* 3 │ └ search  Sallow Bridge",
        "* 5 │   └ answer  Tessing",
        "  2 └ search  When was the designer of the Sallow Bridge born?",
        "  4   └ search  Tessing",
        "  6     └ answer  1902",
    ]
    assert lines[2].split()[-1] > lines[5].split()[-1], "the better outcome was chosen"
    assert legend == "* chosen"


def test_a_beam_shows_what_it_pruned(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "react", *GUIDED, "solve.strategy={use: beam, width: 1, branching: 2}")
    lines = tree(capsys)
    assert all(len(line) <= 80 for line in lines)
    assert lines[-1] == "* chosen, x pruned"
    (search,) = document(capsys)["searches"]
    by_depth = [[n for n in search["nodes"] if n["depth"] == d] for d in (1, 2, 3)]
    assert [len(level) for level in by_depth] == [2, 2, 2]
    going = [[n for n in level if not n["pruned"]] for level in by_depth]
    kinds = [[n["kind"] for n in level] for level in going]
    assert kinds == [["search"], ["search"], ["answer", "search"]], "answers stay in the running"
    assert all(n["process"] is not None for level in by_depth for n in level)


def test_a_tree_search_shows_visits(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "react", *GUIDED, "solve.strategy={use: mcts, simulations: 6}")
    lines = tree(capsys)
    assert lines[0].split()[-5:] == ["step", "outcome", "visits", "value", "weight"]
    assert lines[1].split()[:4] == ["*", "0", "(start)", "6"]
    nodes = document(capsys)["searches"][0]["nodes"]
    assert nodes[0]["visits"] == 6
    assert sum(n["visits"] or 0 for n in nodes if n["parent"] == 0) == 6


def test_the_tree_as_data_names_run_nodes_and_the_chosen_path(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "react", VARIED)
    found = document(capsys)
    assert found["run"]["question"]["text"] == QUESTION
    (search,) = found["searches"]
    assert (search["node"], search["best"]) == ("solve", [3])
    assert [n["id"] for n in search["nodes"] if n["chosen"]] == [0, 1, 2, 3]
    assert [n["kind"] for n in search["nodes"]] == ["root", "search", "search", "answer"]
    assert search["nodes"][3]["answer"] == found["run"]["answer"]["text"] == "Tessing"
    assert search["nodes"][1]["titles"] == ["Sallow Bridge"]


def test_a_proposal_that_failed_is_in_the_tree(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "s.yaml").write_text("rules: [{when: '', reply: ''}]", encoding="utf-8")
    run(capsys, "ircot")
    assert any(line.startswith("! ") and "└ failed  " in line for line in tree(capsys))
    assert invoke(["trace", "show"]) == 0
    assert "failed   " in capsys.readouterr().out


def test_a_run_without_a_search_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "direct")
    assert tree(capsys)[0].startswith("this run searched no tree")
    assert document(capsys)["searches"] == []
