"""Texts of graphs that are being written: complaints by line, a drawing, and nothing else read."""

from pathlib import Path

import pytest

from ragreason.graph import draft
from ragreason.graph.draft import read_draft
from ragreason.graph.library import shipped_graphs

GOOD = """\
version: 1
name: mine
paradigm: baseline
nodes:
  retrieve: {use: retrieve, k: 5}
  answer: {use: answer}
edges:
  - [START, retrieve]
  - [retrieve, answer]
  - [answer, END]
"""


@pytest.fixture(autouse=True)
def registered() -> None:
    """The nodes that ship, not the doubles of the tests around."""


@pytest.mark.parametrize("path", shipped_graphs().values(), ids=lambda p: p.stem)
def test_what_ships_is_valid_and_drawn(path: Path) -> None:
    found = read_draft(path.read_text(encoding="utf-8"))
    assert found.complaints == []
    assert found.drawing is not None
    assert found.definition is not None
    assert {n.name for n in found.drawing.nodes} == {"START", "END", *found.definition.nodes}


def test_each_mistake_is_told_with_its_line_and_the_rest_is_drawn() -> None:
    found = read_draft(GOOD.replace("k: 5", "k: five").replace("use: answer", "use: anwser"))
    assert [(c.line, c.message.split(":")[0]) for c in found.complaints] == [
        (5, "'retrieve'"),
        (6, "unknown node kind 'anwser'; did you mean 'answer'? known"),
    ]
    assert found.drawing is not None


def test_an_edge_to_nowhere_is_told_and_nothing_is_drawn() -> None:
    found = read_draft(GOOD.replace("[retrieve, answer]", "[retrieve, anser]"))
    assert found.complaints[0].line == 9
    assert "did you mean 'answer'?" in found.complaints[0].message
    assert found.drawing is None


@pytest.mark.parametrize(
    "text", ["", "a: [", "- 1", "version: 1\nname: 'a b'\n", "nodes: !!python/none x"]
)
def test_what_is_no_graph_is_told_in_one_complaint(text: str) -> None:
    found = read_draft(text)
    assert len(found.complaints) == 1
    assert found.definition is None


def test_no_file_but_those_that_ship_is_read(tmp_path: Path) -> None:
    """A text from a page must not find out what lies on the server's disk."""
    there = tmp_path / "there.yaml"
    there.write_text(GOOD, encoding="utf-8")
    up = "/".join([".."] * 30)
    told = []
    for path in (there, tmp_path / "not_there.yaml", f"team/{up}{there}", "~/there.yaml"):
        node = f"answer: {{use: graph, graph: {path}}}"
        found = read_draft(GOOD.replace("answer: {use: answer}", node))
        (complaint,) = found.complaints
        assert complaint.line == 6
        told.append(complaint.message.replace(str(path), "PATH"))
    assert len(set(told)) == 1
    assert "none of the graphs that ship" in told[0]


def test_nothing_that_a_text_names_is_imported() -> None:
    (complaint,) = read_draft(GOOD.replace("use: answer", "use: antigravity:fly")).complaints
    assert "would import 'antigravity'" in complaint.message


def test_a_graph_that_would_take_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft, "MOST_NODES", 1)
    found = read_draft(GOOD)
    assert found.drawing is None
    assert "more than 1 nodes" in found.complaints[0].message
