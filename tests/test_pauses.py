"""Runs that pause before a node, and go on, edited or not, in this process or another."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ragreason.errors import ConfigError, UnknownNameError
from ragreason.events import TraceEvent
from ragreason.generation.scripted import Scripted
from ragreason.graph.checkpoint import open_checkpoints
from ragreason.runner import Runner, RunPaused, open_runner
from ragreason.settings import Settings

ASKED = "When was the designer of the Sallow Bridge born?"
HASHING = Settings(embedder="hashing", retriever="bm25")


@asynccontextmanager
async def runner(graph: str, index: Path, engine: Scripted, file: Path) -> AsyncIterator[Runner]:
    async with (
        open_checkpoints(file) as saver,
        open_runner(
            graph, model=engine, index=index, settings=HASHING, checkpointer=saver
        ) as opened,
    ):
        yield opened


def rewriting() -> Scripted:
    replies: Iterator[str] = iter(["Sallow Bridge designer", "1874"])
    return Scripted(default=lambda _: next(replies))


def searches(events: list[TraceEvent]) -> list[str]:
    return [event.query for event in events if event.kind == "search"]


@pytest.mark.parametrize("edit", [None, "Edda Quill"])
async def test_a_query_is_approved_or_edited_before_it_is_searched_for(
    index_dir: Path, tmp_path: Path, edit: str | None
) -> None:
    engine, file = rewriting(), tmp_path / "runs.sqlite"
    heard: list[TraceEvent] = []
    async with runner("rewrite", index_dir, engine, file) as made:
        with pytest.raises(RunPaused) as paused:
            await made.answer(ASKED, thread="t", on_event=heard.append, pause_before=["retrieve"])
    assert paused.value.nodes == ("retrieve",)
    assert paused.value.values == {"query": "Sallow Bridge designer", "queries": None}
    assert searches(heard) == []
    async with runner("rewrite", index_dir, engine, file) as made:
        edits = {"query": edit} if edit else None
        run = await made.resume("t", edits=edits, on_event=heard.append)
    assert searches(heard) == [edit or "Sallow Bridge designer"]
    assert run.question.text == ASKED
    assert run.answer.text == "1874"
    assert run.answer.usage.calls == 2, "what was spent before the pause counts"


async def test_it_pauses_before_the_first_node_too(index_dir: Path, tmp_path: Path) -> None:
    heard: list[TraceEvent] = []
    async with runner("naive_rag", index_dir, Scripted(default="x"), tmp_path / "a") as made:
        with pytest.raises(RunPaused):
            await made.answer(ASKED, thread="t", pause_before=["retrieve"])
        with pytest.raises(RunPaused) as paused:
            await made.resume(
                "t", edits={"query": "Quill"}, pause_before=["answer"], on_event=heard.append
            )
        assert paused.value.nodes == ("answer",)
        assert searches(heard) == ["Quill"]
        assert (await made.resume("t")).answer.text == "x"


async def test_a_run_that_ended_in_the_middle_goes_on(index_dir: Path, tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def kill(event: TraceEvent) -> None:
        if event.kind == "node" and event.node == "answer":
            raise Killed

    engine = rewriting()
    async with runner("rewrite", index_dir, engine, tmp_path / "a") as made:
        with pytest.raises(Killed):
            await made.answer(ASKED, thread="t", on_event=kill)
        run = await made.resume("t")
    assert run.answer.text == "1874"
    assert engine.calls == 2, "what was finished is not asked again"


@pytest.mark.parametrize(
    "edits", [{"seed": 1}, {"query": ""}, {"query": 3}, {"queries": []}, {"queries": "x"}]
)
async def test_only_queries_may_be_edited(
    index_dir: Path, tmp_path: Path, edits: dict[str, object]
) -> None:
    async with runner("naive_rag", index_dir, Scripted(default="x"), tmp_path / "a") as made:
        with pytest.raises(RunPaused):
            await made.answer(ASKED, thread="t", pause_before=["retrieve"])
        with pytest.raises(ConfigError, match="expected query"):
            await made.resume("t", edits=edits)


async def test_what_can_not_pause_says_so(index_dir: Path, tmp_path: Path) -> None:
    bare = open_runner("naive_rag", model=Scripted(), index=index_dir, settings=HASHING)
    with pytest.raises(ConfigError, match="checkpointer"):
        await bare.answer(ASKED, pause_before=["retrieve"])
    async with runner("naive_rag", index_dir, Scripted(default="x"), tmp_path / "a") as made:
        with pytest.raises(UnknownNameError, match="retrieve"):
            await made.answer(ASKED, pause_before=["retrive"])
        with pytest.raises(ConfigError, match="no run 'u'"):
            await made.resume("u")
