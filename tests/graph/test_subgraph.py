"""A graph inside another: whose budget it was that ended it."""

import re
from pathlib import Path
from typing import Any

import pytest

from ragreason.errors import GraphError
from ragreason.graph.bind import Parts
from ragreason.graph.load import load_graph

INNER = """
version: 1
name: inner
paradigm: baseline
budget: BUDGET
nodes: {reword: {use: reword}, find: {use: find}, answer: {use: reply}}
edges: [[START, reword], [reword, find], [find, answer], [answer, END]]
"""
OUTER = """
version: 1
name: outer
paradigm: baseline
budget: BUDGET
nodes:
  split: {use: split}
  sub: {use: graph, graph: ./inner.yaml, in: {question: item}, out: {answer: notes}}
  answer: {use: reply}
edges:
  - [START, split]
  - {from: split, each: queries, to: sub}
  - [sub, answer]
  - [answer, END]
"""


async def answer(folder: Path, parts: Parts, outer: str, inner: str) -> Any:
    (folder / "inner.yaml").write_text(INNER.replace("BUDGET", inner), encoding="utf-8")
    (folder / "outer.yaml").write_text(OUTER.replace("BUDGET", outer), encoding="utf-8")
    done = await load_graph(folder / "outer.yaml", parts=parts).ainvoke({"question": "a,b"})
    return done["answer"]


async def test_a_callers_budget_spent_inside_marks_the_callers_answer(
    tmp_path: Path, parts: Parts
) -> None:
    found = await answer(tmp_path, parts, "{calls: 1}", "{}")
    assert (found.status, found.forced_by) == ("forced", "budget of calls")


@pytest.mark.parametrize("outer", ["{}", "{calls: 9}"])
async def test_a_sub_graphs_own_budget_is_its_own_matter(
    tmp_path: Path, parts: Parts, outer: str
) -> None:
    found = await answer(tmp_path, parts, outer, "{calls: 1}")
    assert (found.status, found.text) == ("ok", "a: a; b: b")


async def test_steps_inside_count_for_the_caller_too(
    tmp_path: Path, parts: Parts, search: Any
) -> None:
    found = await answer(tmp_path, parts, "{steps: 3}", "{}")
    assert (found.status, found.forced_by) == ("forced", "budget of steps")
    assert len(search.queries) < 2


async def test_steps_inside_count_once(tmp_path: Path, parts: Parts) -> None:
    found = await answer(tmp_path, parts, "{steps: 9}", "{}")
    assert found.status == "ok", "split, twice three, and the answer are eight"


PART = """
version: 1
name: part
paradigm: baseline
gives: GIVES
nodes: {split: {use: split}}
edges: [[START, split], [split, END]]
"""
AROUND = """
version: 1
name: around
paradigm: baseline
nodes:
  part:
    use: graph
    graph: ./part.yaml
    in: {question: question, notes: draft}
    out: {queries: queries}
  answer: {use: reply}
edges: [[START, part], [part, answer], [answer, END]]
"""


async def test_a_part_of_other_graphs_gives_another_key_and_takes_what_is_there(
    tmp_path: Path, parts: Parts
) -> None:
    (tmp_path / "part.yaml").write_text(PART.replace("GIVES", "queries"), encoding="utf-8")
    (tmp_path / "around.yaml").write_text(AROUND, encoding="utf-8")
    done = await load_graph(tmp_path / "around.yaml", parts=parts).ainvoke({"question": "a,b"})
    assert done["queries"] == ["a", "b"]
    assert done["answer"].text


def test_a_part_that_does_not_give_what_it_says_is_refused(tmp_path: Path, parts: Parts) -> None:
    (tmp_path / "part.yaml").write_text(PART.replace("GIVES", "draft"), encoding="utf-8")
    with pytest.raises(GraphError, match="END is reached without 'draft', which it gives"):
        load_graph(tmp_path / "part.yaml", parts=parts)


@pytest.mark.parametrize(
    ("field", "complaint"),
    [
        (
            "in: {qestion: item}",
            "graph 'inner' has no state key 'qestion'; did you mean 'question'",
        ),
        ("out: {anwser: notes}", "graph 'inner' writes no 'anwser'; did you mean 'answer'"),
        ("out: {trajectory: notes}", "graph 'inner' writes no 'trajectory'; known: answer, "),
    ],
)
def test_keys_that_the_graph_inside_lacks_are_told(
    tmp_path: Path, parts: Parts, field: str, complaint: str
) -> None:
    good = "in: {question: item}" if field.startswith("in") else "out: {answer: notes}"
    (tmp_path / "inner.yaml").write_text(INNER.replace("BUDGET", "{}"), encoding="utf-8")
    outer = OUTER.replace("BUDGET", "{}").replace(good, field)
    (tmp_path / "outer.yaml").write_text(outer, encoding="utf-8")
    with pytest.raises(GraphError, match=re.escape(complaint)):
        load_graph(tmp_path / "outer.yaml", parts=parts)
