"""The answer reaches the user as it grows."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

import pytest

from ragreason.events import TraceEvent
from ragreason.generation.scripted import Scripted
from ragreason.protocols import Chunk
from ragreason.runner import Agent, Runner, open_runner
from ragreason.settings import Settings
from ragreason.types import Request

HASHING = Settings(embedder="hashing", retriever="bm25")
ASKED = "When was the designer of the Sallow Bridge born?"


def runner(engine: Scripted, index: Path, graph: str = "naive_rag", **options: Any) -> Runner:
    return open_runner(graph, model=engine, index=index, settings=HASHING, **options)


class Halting(Scripted):
    """Halts after a reply's first word; tells whether it was left there."""

    def __init__(self, **script: Any) -> None:
        super().__init__(**script)
        self.halted, self.goes_on, self.left = asyncio.Event(), asyncio.Event(), False

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        whole = False
        async with aclosing(cast(Any, super().stream(request))) as chunks:
            try:
                async for chunk in chunks:
                    whole = chunk.completion is not None
                    yield chunk
                    self.halted.set()
                    await self.goes_on.wait()
            finally:
                self.left = not whole


async def test_the_first_words_come_before_the_answer_is_whole(index_dir: Path) -> None:
    engine, heard, came = Halting(default="In 1874"), list[TraceEvent](), asyncio.Event()

    def hear(event: TraceEvent) -> None:
        heard.append(event)
        if event.kind == "token":
            came.set()

    async with runner(engine, index_dir) as made:
        task = asyncio.create_task(made.answer(ASKED, on_event=hear))
        async with asyncio.timeout(60):
            await came.wait()
        assert [e.text for e in heard if e.kind == "token"] == ["In"]
        assert not any(e.kind == "answer" for e in heard)
        engine.goes_on.set()
        run = await task
    tokens = [e for e in heard if e.kind == "token"]
    assert "".join(e.text for e in tokens) == run.answer.text == "In 1874"
    assert {e.node for e in tokens} == {"answer"}
    first = run.answer.first_token_s
    assert first is not None
    assert 0 <= first <= tokens[0].at_s, "it is told once it is there"
    assert not any(e.kind == "token" for e in run.events), "the run keeps none"
    assert run.answer.usage.completion_tokens == 2


async def test_the_time_to_the_first_token_is_the_questions(index_dir: Path) -> None:
    engine, heard = Scripted(default="In 1874", latency_s=0.01), list[TraceEvent]()
    async with runner(engine, index_dir, "rewrite") as made:
        run = await made.answer(ASKED, on_event=heard.append)
    first = run.answer.first_token_s
    assert first is not None
    started = next(e for e in heard if e.kind == "node" and e.node == "answer")
    assert 0 < started.at_s <= first <= run.answer.elapsed_s


@pytest.mark.parametrize(
    ("graph", "engine", "overrides"),
    [
        ("naive_rag", {"capabilities": Scripted.capabilities - {"stream"}}, ()),
        ("react", {"default": " Known.\nAnswer: 1874"}, ()),
        ("naive_rag", {}, ("answer.samples=2", "answer.temperature=0.5")),
        ("abstain", {"default": "Zanzibar"}, ()),
    ],
)
async def test_an_answer_that_comes_at_once_has_its_first_token_then(
    index_dir: Path, graph: str, engine: Mapping[str, Any], overrides: tuple[str, ...]
) -> None:
    heard: list[TraceEvent] = []
    made = Scripted(**{"default": "1874", **engine})
    async with runner(made, index_dir, graph, overrides=overrides) as opened:
        run = await opened.answer(ASKED, on_event=heard.append)
    answered = next(e for e in reversed(heard) if e.kind == "answer")
    if graph != "abstain":
        assert not any(e.kind == "token" for e in heard)
    first = run.answer.first_token_s
    assert first is not None
    begun = next(e for e in heard if e.kind == "node" and e.node == answered.node)
    assert begun.at_s <= first <= run.answer.elapsed_s


@pytest.mark.parametrize("graph", ["decompose", "naive_rag_vote"])
async def test_answers_of_graphs_inside_are_not_streamed(index_dir: Path, graph: str) -> None:
    heard: list[TraceEvent] = []
    async with runner(Scripted(default="1874"), index_dir, graph) as made:
        run = await made.answer(ASKED, on_event=heard.append)
    told = "".join(e.text for e in heard if e.kind == "token")
    assert told in ("", run.answer.text)


async def test_an_answer_of_a_graph_inside_has_its_first_token_when_it_is_whole(
    index_dir: Path,
) -> None:
    engine = Halting(default="In 1874")
    heard: list[TraceEvent] = []
    hard = (
        "ask->recall.when.at_most=-1",
        "judge->END.when.at_most=-1",
        "loop.graph=naive_rag",
        "read.samples=2",
        "read.temperature=0.7",
    )
    async with runner(engine, index_dir, "adaptive", overrides=hard) as made:
        task = asyncio.create_task(made.answer(ASKED, on_event=heard.append))
        async with asyncio.timeout(60):
            await engine.halted.wait()
        begun_s = max(event.at_s for event in heard)
        engine.goes_on.set()
        run = await task
    answered = next(e for e in reversed(heard) if e.kind == "answer")
    assert not any(e.kind == "token" for e in heard)
    assert run.answer.first_token_s == answered.at_s >= begun_s


async def test_an_agents_stream_yields_the_answer_as_it_grows(index_dir: Path) -> None:
    with Agent(
        "naive_rag", model=Scripted(default="In 1874"), index=index_dir, settings=HASHING
    ) as a:
        events = [event async for event in a.stream(ASKED)]
    assert [e.text for e in events if e.kind == "token"] == ["In", " 1874"]
    assert events[-1].answer is not None
    assert events[-1].answer.first_token_s is not None


async def test_cancelling_closes_the_stream(index_dir: Path) -> None:
    engine = Halting(default="In 1874")
    async with runner(engine, index_dir) as made:
        task = asyncio.create_task(made.answer(ASKED))
        async with asyncio.timeout(60):
            await engine.halted.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert engine.left


async def test_what_was_thought_is_told_and_the_reply_after_it_is_streamed(
    index_dir: Path,
) -> None:
    engine = Scripted([" She was born in 1874.", "In 1874"])
    heard: list[TraceEvent] = []
    async with runner(engine, index_dir, overrides=["answer.effort=low"]) as made:
        run = await made.answer(ASKED, on_event=heard.append)
    assert "".join(e.text for e in heard if e.kind == "token") == "In 1874"
    assert [e.text for e in run.events if e.kind == "thinking"] == ["She was born in 1874."]
    assert run.answer.usage.reasoning_tokens == 5
