"""Compiled graphs: conditions, bounded loops, fan-out, sub-graphs, budgets."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ragreason.errors import ContextOverflowError, GraphError, RunError
from ragreason.graph.bind import Parts
from ragreason.graph.checkpoint import Serializer
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


PARALLEL = """
version: 1
name: parallel
paradigm: baseline
nodes:
  start: {use: reword}
  short: {use: find}
  long1: {use: reword}
  long2: {use: find}
  answer: {use: reply}
edges:
  - [START, start]
  - [start, short]
  - [start, long1]
  - [long1, long2]
  - [short, answer]
  - [long2, answer]
  - [answer, END]
"""


async def test_plain_edges_run_in_parallel_and_meet_once(parts: Parts, engine: Any) -> None:
    seen = await names(load(PARALLEL, parts), "q")
    assert sorted(seen[1:3]) == ["long1", "short"]
    assert seen.count("answer") == 1
    assert seen[-1] == "answer"


async def names(graph: Any, question: str) -> list[str]:
    """The nodes in the order in which they finished."""
    stream = graph.astream({"question": question}, stream_mode="updates")
    return [name async for update in stream for name in update]


async def test_a_bounded_fan_out_counts_once_a_wave(
    parts: Parts, engine: Any, registered: Any
) -> None:
    text = FAN_OUT.replace("[solve, answer]", "{from: solve, to: split, at_most: 2, then: answer}")
    done = await ask(text, parts, "a,b")
    assert engine.calls == ["a", "b"] * 3
    assert done["counts"] == {"solve->split": 2}
    assert done["answer"].forced_by == "loop bound of solve->split"


async def test_two_edges_between_the_same_nodes_own_their_counters(parts: Parts) -> None:
    text = CORRECTIVE.replace(
        "  - {from: rewrite, to: retrieve, at_most: 3, then: answer}",
        "  - {from: rewrite, to: retrieve, at_most: 2, then: answer,"
        " when: {field: steps, at_most: 4}}\n"
        "  - {from: rewrite, to: retrieve, at_most: 3, then: answer, otherwise: true}",
    ).replace("enough: 3", "enough: 99")
    done = await ask(text, parts, "q")
    assert done["counts"] == {"rewrite->retrieve": 1, "rewrite->retrieve 2": 3}


# sub-graphs


@pytest.fixture
def inner(tmp_path: Path) -> str:
    path = tmp_path / "inner.yaml"
    path.write_text(
        "version: 1\nname: inner\nparadigm: baseline\n"
        "nodes: {find: {use: find}, answer: {use: reply}}\n"
        "edges: [[START, find], [find, answer], [answer, END]]\n",
        encoding="utf-8",
    )
    return str(path)


def outer(inner: str, budget: str = "{}") -> str:
    node = f"{{use: graph, graph: {inner}, in: {{question: item}}, out: {{answer: notes}}}}"
    return FAN_OUT.replace("{use: note}", node) + f"budget: {budget}\n"


async def test_a_sub_graph_answers_each_branch(
    inner: str, parts: Parts, search: Any, engine: Any
) -> None:
    done = await ask(outer(inner), parts, "a b,c d")
    assert done["notes"] == ["a b: b", "c d: d"]
    assert list(done["evidence"]) == ["id of a b", "id of c d"]
    assert (done["usage"].calls, done["usage"].retrievals) == (2, 2)
    assert done["steps"] == 1 + 2 * 2 + 1
    assert done["question"].text == "a b,c d"


async def test_branches_get_questions_of_their_own(
    inner: str, parts: Parts, registered: Any
) -> None:
    ids: list[str] = []

    class Watch(type(parts.retrievers["main"])):  # type: ignore[misc]
        async def retrieve(self, queries: Any, k: int, where: Any = None) -> Any:
            ids.extend(queries)
            return await super().retrieve(queries, k, where)

    await ask(outer(inner), Parts(engines=parts.engines, retrievers={"main": Watch()}), "a,b")
    assert ids == ["a", "b"]


async def test_a_sub_graph_writes_an_answer_in_its_callers_place(inner: str, parts: Parts) -> None:
    text = (
        "version: 1\nname: o\nparadigm: baseline\n"
        f"nodes: {{s: {{use: graph, graph: {inner}}}}}\nedges: [[START, s], [s, END]]\n"
    )
    done = await ask(text, parts, "a b")
    assert done["answer"].text == "b"


async def test_a_graph_may_not_use_itself(tmp_path: Path, parts: Parts) -> None:
    path = tmp_path / "loop.yaml"
    path.write_text(
        "version: 1\nname: o\nparadigm: baseline\n"
        "nodes: {s: {use: graph, graph: ./loop.yaml}}\nedges: [[START, s], [s, END]]\n",
        encoding="utf-8",
    )
    with pytest.raises(GraphError, match=r"loop.yaml:4: graph './loop.yaml' uses itself"):
        load_graph(path, parts=parts)


async def test_nesting_is_bounded(tmp_path: Path, parts: Parts) -> None:
    for i in range(7):
        (tmp_path / f"{i}.yaml").write_text(
            f"version: 1\nname: n{i}\nparadigm: baseline\n"
            f"nodes: {{s: {{use: graph, graph: ./{i + 1}.yaml}}}}\nedges: [[START, s], [s, END]]\n",
            encoding="utf-8",
        )
    with pytest.raises(GraphError, match="nested more than 5 deep"):
        load_graph(tmp_path / "0.yaml", parts=parts)


async def test_a_graph_that_is_used_and_unknown_names_the_nearest(parts: Parts) -> None:
    text = (
        "version: 1\nname: o\nparadigm: baseline\n"
        "nodes: {s: {use: graph, graph: missing.yaml}}\nedges: [[START, s], [s, END]]\n"
    )
    with pytest.raises(GraphError, match=r"missing.yaml: no such file"):
        load(text, parts)


# budgets


@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        ("{tokens: 15}", "budget of tokens"),
        ("{calls: 2}", "budget of calls"),
        ("{retrievals: 2}", "budget of retrievals"),
        ("{steps: 5}", "budget of steps"),
        ("{seconds: 0.000001}", "budget of seconds"),
    ],
)
async def test_each_budget_forces_an_answer(budget: str, reason: str, parts: Parts) -> None:
    text = CORRECTIVE.replace("enough: 3", "enough: 99") + f"budget: {budget}\n"
    done = await ask(text, parts, "q")
    assert done["answer"].status == "forced"
    assert done["answer"].forced_by == reason
    assert done["answer"].text
    assert done["forced"] == reason


async def test_parallel_branches_keep_one_budget_together(parts: Parts, engine: Any) -> None:
    items = ",".join("abcdefgh")
    done = await load(FAN_OUT + "budget: {calls: 3}\n", parts).ainvoke(
        {"question": items}, {"max_concurrency": 1}
    )
    assert len(engine.calls) == 3
    assert done["answer"].text == "a -> a; b -> b; c -> c"
    assert done["answer"].forced_by == "budget of calls"


async def test_a_sub_graph_keeps_its_callers_budget(
    inner: str, parts: Parts, engine: Any, search: Any
) -> None:
    text = outer(inner, "{retrievals: 2}")
    done = await load(text, parts).ainvoke({"question": "a,b,c,d"}, {"max_concurrency": 1})
    assert search.queries == ["a", "b"]
    assert done["usage"].retrievals == 2


async def test_a_full_context_forces_an_answer(parts: Parts, engine: Any) -> None:
    class Full(type(engine)):  # type: ignore[misc]
        async def generate(self, request: Any) -> Any:
            if "+" in request.messages[0].content:
                raise ContextOverflowError(2000, 1000)
            return await super().generate(request)

    given = Parts(engines={"main": Full()}, retrievers=parts.retrievers)
    done = await ask(CORRECTIVE.replace("enough: 3", "enough: 99"), given, "q")
    assert done["answer"].forced_by == "context"


async def test_an_answer_that_does_not_fit_fails(parts: Parts, engine: Any) -> None:
    class Full(type(engine)):  # type: ignore[misc]
        async def generate(self, request: Any) -> Any:
            raise ContextOverflowError(2000, 1000)

    with pytest.raises(ContextOverflowError, match="2000 tokens"):
        await ask(
            CORRECTIVE.replace("enough: 3", "enough: 1"), Parts({"main": Full()}, parts.retrievers)
        )


REFLECT = """
version: 1
name: reflect
paradigm: synergized
budget: {calls: 3}
nodes:
  answer: {use: reply}
  critique: {use: reword}
edges:
  - [START, answer]
  - [answer, critique]
  - {from: critique, to: answer, at_most: 9, then: END}
"""


async def test_a_budget_that_ends_in_a_loop_behind_the_answer_ends_the_run(
    parts: Parts, engine: Any
) -> None:
    done = await ask(REFLECT, parts, "q")
    assert len(engine.calls) == 3
    assert done["answer"].text == "q"
    assert done["answer"].status == "forced"
    assert done["answer"].forced_by == "budget of calls"


async def test_a_low_recursion_limit_still_gives_an_answer(parts: Parts) -> None:
    graph = load(CORRECTIVE.replace("enough: 3", "enough: 99"), parts)
    for limit in range(5, 16):
        done = await graph.ainvoke({"question": "q"}, {"recursion_limit": limit})
        assert done["answer"].status == "forced"


# what nodes may write


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({"notes": ["a"]}, "node 'a' returned 'notes', but its kind declares that it writes query"),
        ({"query": 3}, "node 'a' wrote 'query' = 3: Input should be a valid string"),
        ("x", "node 'a' returned a str; expected a dict of state keys"),
    ],
)
async def test_a_wrong_update_is_an_error(
    update: Any, message: str, parts: Parts, registered: Any
) -> None:
    @dataclass(frozen=True)
    class Wrong:
        reads: ClassVar[tuple[str, ...]] = ()
        writes: ClassVar[tuple[str, ...]] = ("query",)

        async def __call__(self, state: Any) -> Any:
            return update

    registered("wrong", Wrong)
    text = (
        "version: 1\nname: w\nparadigm: baseline\nnodes: {a: {use: wrong}, b: {use: reply}}\n"
        "edges: [[START, a], [a, b], [b, END]]\n"
    )
    with pytest.raises(RunError, match=re.escape(message)):
        await ask(text, parts, "q")


async def test_interrupts_reach_the_caller(parts: Parts, registered: Any) -> None:
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.types import Command, interrupt

    @dataclass(frozen=True)
    class Ask:
        reads: ClassVar[tuple[str, ...]] = ()
        writes: ClassVar[tuple[str, ...]] = ("query",)

        async def __call__(self, state: Any) -> Any:
            return {"query": interrupt("which?")}

    registered("ask", Ask)
    text = CORRECTIVE.replace("{use: reword}", "{use: ask}")
    saver = InMemorySaver(serde=Serializer())
    graph = load(text.replace("enough: 3", "enough: 2"), parts, checkpointer=saver)
    config: Any = {"configurable": {"thread_id": "t"}}
    paused = await graph.ainvoke({"question": "q"}, config)
    assert paused["__interrupt__"][0].value == "which?"
    done = await graph.ainvoke(Command(resume="mine"), config)
    assert list(done["evidence"]) == ["id of q", "id of mine"]


async def test_events_tell_nodes_and_why_a_run_is_forced(parts: Parts) -> None:
    text = CORRECTIVE + "budget: {calls: 1}\n"
    graph = load(text, parts)
    events = [e async for e in graph.astream({"question": "q"}, stream_mode="custom")]
    assert [(e.kind, e.node, e.text) for e in events[:2]] == [
        ("node", "retrieve", "started"),
        ("node", "retrieve", "finished"),
    ]
    assert [e.text for e in events if e.kind == "forced"] == ["budget of calls"]
    assert all(e.at_s >= 0 for e in events)
