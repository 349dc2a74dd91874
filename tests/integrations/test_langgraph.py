"""Graphs in LangGraph's own world: its server's configuration, and as nodes of foreign graphs."""

import asyncio
import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

from ragreason.events import TraceEvent
from ragreason.generation.scripted import Scripted
from ragreason.graph.load import load_graph
from ragreason.graph.loaded import LoadedGraph
from ragreason.integrations import langgraph_dev
from ragreason.protocols import Retriever
from ragreason.settings import settings

ROOT = Path(__file__).parents[2]
FILE = json.loads((ROOT / "langgraph.json").read_text(encoding="utf-8"))
QUESTION = "When was the designer of the Sallow Bridge born?"


@pytest.fixture
def place(
    tmp_path: Path, index_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.MonkeyPatch]:
    """Settings with a scripted engine and an index."""
    script = tmp_path / "script.yaml"
    script.write_text('default: "1874"\n', encoding="utf-8")
    for name, value in {
        "HOME": str(tmp_path),
        "MODEL": f"scripted:{script}",
        "INDEX": str(index_dir),
        "EMBEDDER": "hashing",
        "RETRIEVER": "bm25",
    }.items():
        monkeypatch.setenv(f"RAGREASON_{name}", value)
    caches = (settings, langgraph_dev.loaded, langgraph_dev._engines)
    for cached in caches:
        cached.cache_clear()
    yield monkeypatch
    for cached in caches:
        cached.cache_clear()


def named(graph: str) -> Any:
    """What LangGraph's server finds: by the module's dictionary."""
    module, _, name = FILE["graphs"][graph].partition(":")
    return vars(import_module(module))[name]


def test_the_file_is_up_to_date() -> None:
    """python -m ragreason.integrations.langgraph_dev > langgraph.json"""
    assert langgraph_dev.configuration() == FILE
    assert {"naive_rag", "team", "mcts_rag"} <= FILE["graphs"].keys()


@pytest.mark.usefixtures("place")
async def test_every_graph_that_is_named_can_be_made() -> None:
    made = [await named(graph)() for graph in FILE["graphs"]]
    assert all(isinstance(graph, LoadedGraph) for graph in made)
    assert [graph.definition.name for graph in made] == list(FILE["graphs"])


@pytest.mark.usefixtures("place")
async def test_one_answers_as_the_server_runs_it_and_can_be_stepped_through() -> None:
    graph = (await named("naive_rag")()).copy(update={"checkpointer": InMemorySaver()})
    assert list(graph.get_input_jsonschema()["properties"]) == ["question", "seed"]
    assert "answer" in graph.get_output_jsonschema()["properties"]
    config = {"configurable": {"thread_id": "t"}}
    await graph.ainvoke({"question": QUESTION}, config, interrupt_before="*")
    seen = []
    while (state := await graph.aget_state(config)).next:
        seen += state.next
        await graph.ainvoke(None, config, interrupt_before="*")
    assert seen == ["retrieve", "answer"]
    assert state.values["answer"].text == "1874"
    assert json.loads(state.values["answer"].model_dump_json())["citations"]


@pytest.mark.usefixtures("place")
async def test_all_graphs_share_one_engine() -> None:
    await asyncio.gather(*(named(name)() for name in ("naive_rag", "react") * 8))
    assert langgraph_dev._engines.cache_info().misses == 1
    assert langgraph_dev.loaded.cache_info().misses == 2
    assert await named("naive_rag")() is await named("naive_rag")()


class Mail(TypedDict, total=False):
    """The state of an application that knows nothing of ragreason."""

    query: str
    reply: str
    sent: bool


def application(node: Any) -> Any:
    builder = StateGraph(Mail)
    builder.add_node("answer", node)
    builder.add_node("send", lambda _: {"sent": True})
    builder.add_edge(START, "answer")
    builder.add_edge("answer", "send")
    builder.add_edge("send", END)
    return builder.compile()


async def test_what_happens_in_a_graph_is_streamed_through_a_foreign_one(
    retriever: Retriever,
) -> None:
    graph = load_graph("naive_rag", model=Scripted(default="in 1874"), index=retriever)
    app = application(graph.as_node("query", "reply", text=True))
    inside: list[TraceEvent] = []
    outside: list[dict[str, Any]] = []
    async for namespace, mode, payload in app.astream(
        {"query": QUESTION}, stream_mode=["custom", "updates"], subgraphs=True
    ):
        if mode == "custom":
            assert namespace
            inside.append(payload)
        elif not namespace:
            outside.append(payload)
    assert outside == [{"answer": {"reply": "in 1874"}}, {"send": {"sent": True}}]
    kinds = [event.kind for event in inside]
    assert kinds.index("search") < kinds.index("token") < kinds.index("answer")
    assert "".join(e.text for e in inside if e.kind == "token") == "in 1874"


async def test_a_foreign_graph_that_is_cancelled_frees_the_engine(retriever: Retriever) -> None:
    begun, left = asyncio.Event(), asyncio.Event()

    class Waits(Scripted):
        async def stream(self, request: Any) -> Any:
            begun.set()
            try:
                await asyncio.Event().wait()
                yield
            finally:
                left.set()

    graph = load_graph("naive_rag", model=Waits(), index=retriever)
    app = application(graph.as_node("query", "reply", text=True))
    task = asyncio.create_task(app.ainvoke({"query": QUESTION}))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(left.wait(), 5)
