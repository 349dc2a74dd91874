"""A graph inside another: whose budget it was that ended it."""

from pathlib import Path
from typing import Any

import pytest

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
