"""Compiled graphs: conditions, bounded loops, fan-out, sub-graphs, budgets."""

from typing import Any

from ragreason.graph.bind import Parts
from ragreason.graph.load import load_graph
from ragreason.graph.read import parse_graph
from ragreason.types import Question

CORRECTIVE = """
version: 1
name: corrective
paradigm: reasoning_enhanced_retrieval
nodes:
  retrieve: {use: find}
  grade: {use: judge, enough: 3}
  rewrite: {use: reword}
  answer: {use: reply}
edges:
  - [START, retrieve]
  - [retrieve, grade]
  - {from: grade, to: answer, when: {field: evidence, is: sufficient}}
  - {from: grade, to: rewrite, otherwise: true}
  - {from: rewrite, to: retrieve, at_most: 3, then: answer}
  - [answer, END]
"""

FAN_OUT = """
version: 1
name: fan
paradigm: reasoning_enhanced_retrieval
nodes:
  split: {use: split}
  solve: {use: note}
  answer: {use: reply}
edges:
  - [START, split]
  - {from: split, each: queries, to: solve}
  - [solve, answer]
  - [answer, END]
"""


def load(text: str, parts: Parts, **given: Any) -> Any:
    return load_graph(parse_graph(text), parts=parts, **given)


async def ask(text: str, parts: Parts, question: str = "who, where", **given: Any) -> Any:
    return await load(text, parts, **given).ainvoke({"question": question})


async def test_a_loop_runs_until_its_condition_holds(parts: Parts, search: Any) -> None:
    done = await ask(CORRECTIVE, parts, "q")
    assert search.queries == ["q", "q+", "q++"]
    assert done["answer"].status == "ok"
    assert done["counts"] == {"rewrite->retrieve": 2}


async def test_a_loop_that_reaches_its_bound_forces_an_answer(parts: Parts, search: Any) -> None:
    done = await ask(CORRECTIVE.replace("enough: 3", "enough: 99"), parts, "q")
    assert len(search.queries) == 4
    assert done["answer"].status == "forced"
    assert done["answer"].forced_by == "loop bound of rewrite->retrieve"


async def test_usage_steps_and_time_add_up(parts: Parts) -> None:
    done = await ask(CORRECTIVE, parts, "q")
    assert done["usage"].calls == 3
    assert done["usage"].retrievals == 3
    assert done["usage"].completion_tokens == 12
    assert done["steps"] == 9
    assert 0 < done["elapsed_s"] < 10


async def test_fan_out_runs_one_branch_an_item_and_joins(parts: Parts, engine: Any) -> None:
    done = await ask(FAN_OUT, parts, "a b,c d")
    assert done["notes"] == ["a b -> b", "c d -> d"]
    assert done["answer"].text == "a b -> b; c d -> d"
    assert done["usage"].calls == 2
    assert "item" not in done


async def test_an_empty_fan_out_goes_on_to_the_join(parts: Parts) -> None:
    done = await ask(FAN_OUT, parts, ",")
    assert done["answer"].text == ","
    assert done["answer"].status == "ok"


def test_invoke_works_without_a_runner(parts: Parts, question: Question) -> None:
    graph = load(FAN_OUT, parts)
    assert graph.invoke({"question": question})["answer"].text == "who -> who;  where -> where"
    assert graph.definition.name == "fan"


def test_stream_gives_updates_one_by_one(parts: Parts) -> None:
    updates = list(load(CORRECTIVE, parts).stream({"question": "q"}, stream_mode="updates"))
    assert [next(iter(u)) for u in updates][:3] == ["retrieve", "grade", "rewrite"]


async def test_invoke_works_inside_a_running_loop(parts: Parts) -> None:
    assert load(FAN_OUT, parts).invoke({"question": "a"})["answer"].text == "a -> a"
