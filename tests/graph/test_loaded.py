"""The compiled graph from outside: synchronous door, other LangGraph applications, streams."""

import asyncio
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from ragreason.errors import ConfigError
from ragreason.graph.bind import Parts
from ragreason.graph.checkpoint import open_checkpoints
from ragreason.graph.load import load_graph
from ragreason.graph.loaded import LoadedGraph
from ragreason.graph.read import parse_graph
from ragreason.types import Answer, Question

RAG = """
version: 1
name: rag
paradigm: baseline
nodes: {find: {use: find}, answer: {use: reply}}
edges: [[START, find], [find, answer], [answer, END]]
"""


@pytest.fixture
def graph(parts: Parts) -> LoadedGraph:
    return load_graph(parse_graph(RAG), parts=parts)


@pytest.mark.parametrize(
    "question",
    ["a b", Question(id="q", text="a b"), {"id": "q", "text": "a b"}],
)
def test_a_question_may_be_a_text_a_value_or_its_fields(graph: LoadedGraph, question: Any) -> None:
    done = graph.invoke({"question": question})
    assert done["answer"].text == "b"
    assert isinstance(done["question"], Question)


@pytest.mark.parametrize("question", ["", "  ", 3, None, {"text": "no id"}, {"id": "q", "gold": 1}])
def test_anything_else_is_refused(graph: LoadedGraph, question: Any) -> None:
    with pytest.raises(ConfigError, match="expected a question's text or a Question; given"):
        graph.invoke({"question": question})


def test_it_is_a_langgraph_graph(graph: LoadedGraph) -> None:
    assert isinstance(graph, CompiledStateGraph)
    assert isinstance(graph.with_config({"tags": ["x"]}), LoadedGraph)
    assert graph.with_config({"tags": ["x"]}).invoke({"question": "a"})["answer"].text == "a"
    assert set(graph.get_graph().nodes) >= {"find", "answer"}


class Outer(TypedDict, total=False):
    """Another application's state."""

    query: str
    reply: Any
    usage: str


def application(node: Any) -> Any:
    builder = StateGraph(Outer)
    builder.add_node("ask", node)
    builder.add_edge(START, "ask")
    builder.add_edge("ask", END)
    return builder.compile()


async def test_as_a_node_of_another_application(graph: LoadedGraph) -> None:
    app = application(graph.as_node(question="query", answer="reply"))
    for done in (app.invoke({"query": "a b"}), await app.ainvoke({"query": "a b"})):
        assert isinstance(done["reply"], Answer)
        assert done["reply"].text == "b"
        assert set(done) == {"query", "reply"}


async def test_as_a_node_it_may_give_the_text(graph: LoadedGraph) -> None:
    app = application(graph.as_node("query", "reply", text=True))
    assert (await app.ainvoke({"query": "a b"}))["reply"] == "b"


async def test_the_callers_recursion_limit_stays_outside(parts: Parts) -> None:
    text = RAG.replace("[find, answer]", "[find, more], [more, last], [last, answer]").replace(
        "find: {use: find},", "find: {use: find}, more: {use: find}, last: {use: find},"
    )
    node = load_graph(parse_graph(text), parts=parts).as_node("query", "reply")
    done = await application(node).ainvoke({"query": "a"}, {"recursion_limit": 2})
    assert done["reply"].status == "ok"


async def test_events_of_sub_graphs_reach_the_stream(tmp_path: Path, parts: Parts) -> None:
    (tmp_path / "rag.yaml").write_text(RAG, encoding="utf-8")
    text = (
        "version: 1\nname: o\nparadigm: baseline\n"
        f"nodes: {{s: {{use: graph, graph: {tmp_path}/rag.yaml}}}}\nedges: [[START, s], [s, END]]\n"
    )
    outer = load_graph(parse_graph(text), parts=parts)
    stream = outer.astream({"question": "a"}, stream_mode="custom", subgraphs=True)
    seen = [(event.node, event.text) async for _, event in stream]
    assert seen == [
        ("s", "started"),
        ("find", "started"),
        ("find", "finished"),
        ("answer", "started"),
        ("answer", "finished"),
        ("s", "finished"),
    ]


async def test_a_sub_graph_goes_on_where_it_stopped(
    tmp_path: Path, parts: Parts, engine: Any, search: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rag.yaml").write_text(RAG, encoding="utf-8")
    text = (
        "version: 1\nname: o\nparadigm: baseline\nnodes:\n  split: {use: split}\n"
        f"  s: {{use: graph, graph: {tmp_path}/rag.yaml,"
        " in: {question: item}, out: {answer: notes}}\n  answer: {use: reply}\n"
        "edges: [[START, split], {from: split, each: queries, to: s}, [s, answer], [answer, END]]\n"
    )
    config: Any = {"configurable": {"thread_id": "t"}}
    async with open_checkpoints(tmp_path / "c.sqlite") as saver:
        graph = load_graph(parse_graph(text), parts=parts, checkpointer=saver)
        whole = type(engine).generate

        async def fail_for_c(self: Any, request: Any) -> Any:
            if request.messages[0].content == "c":
                await asyncio.sleep(0.1)
                raise OSError("killed")
            return await whole(self, request)

        with monkeypatch.context() as broken:
            broken.setattr(type(engine), "generate", fail_for_c)
            with pytest.raises(OSError, match="killed"):
                await graph.ainvoke({"question": "a b,c"}, config, durability="sync")
        done = await graph.ainvoke(None, config, durability="sync")
    assert search.queries == ["a b", "c"], "searches that were saved are not repeated"
    assert engine.calls == ["a b", "c"]
    assert done["notes"] == ["a b: b", "c: c"]
    assert (done["usage"].calls, done["usage"].retrievals) == (2, 2)


def test_leaving_a_stream_early_closes_it(graph: LoadedGraph) -> None:
    stream = graph.stream({"question": "a"}, stream_mode="updates")
    assert list(next(iter(stream))) == ["find"]
    stream.close()  # type: ignore[attr-defined]
    assert graph.invoke({"question": "a"})["answer"].text == "a"
