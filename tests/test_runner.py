"""Answers from graphs: the runner, and the agent that synchronous code and notebooks use."""

import asyncio
import gc
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ragreason.errors import ConfigError, EngineError, IndexFolderError, RunError
from ragreason.events import TraceEvent
from ragreason.generation.scripted import Scripted
from ragreason.protocols import Where
from ragreason.runner import Agent, Runner, open_runner
from ragreason.settings import Settings
from ragreason.types import Completion, Hit, Question, Request
from tests.waiting import Waiting

ASKED = "When was the designer of the Sallow Bridge born?"
HASHING = Settings(embedder="hashing", retriever="bm25", max_question_chars=500)


def runner(
    engine: Scripted, index: Path | None, graph: str = "naive_rag", **options: Any
) -> Runner:
    return open_runner(graph, model=engine, index=index, settings=HASHING, **options)


def agent(engine: Scripted, index: Path | None, graph: str = "naive_rag") -> Agent:
    return Agent(graph, model=engine, index=index, settings=HASHING)


def slow() -> Scripted:
    return Scripted(default="1874", latency_s=60.0)


def soon(holds: Callable[[], bool]) -> bool:
    """Whether it comes true within two seconds."""
    for _ in range(200):
        if holds():
            return True
        gc.collect()
        time.sleep(0.01)
    return False


async def test_an_answer_is_cited_counted_and_timed(index_dir: Path) -> None:
    async with runner(Scripted(default="1874"), index_dir) as made:
        run = await made.answer(ASKED)
    answer = run.answer
    assert (answer.text, answer.status, answer.usage.calls) == ("1874", "ok", 1)
    assert [c.title for c in answer.citations] == ["Edda Quill", "Sallow Bridge"]
    assert answer.usage.prompt_tokens > 0
    assert answer.elapsed_s > 0


async def test_events_arrive_while_it_works_and_stay_in_the_run(index_dir: Path) -> None:
    heard: list[TraceEvent] = []
    async with runner(Scripted(default="1874"), index_dir) as made:
        run = await made.answer(ASKED, on_event=heard.append)
    assert tuple(e for e in heard if e.kind != "token") == run.events
    kinds = [e.kind for e in heard]
    assert kinds.index("search") < kinds.index("answer")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        (Question(id="q", text=" "), "empty"),
        ("x" * 501, "501 characters, at most 500"),
        ("half \ud800", "half a character"),
    ],
)
async def test_a_question_that_can_not_be_asked_is_refused(
    index_dir: Path, question: Question | str, said: str
) -> None:
    engine = Scripted(default="x")
    async with runner(engine, index_dir) as made:
        with pytest.raises(ConfigError, match=said):
            await made.answer(question)
    assert engine.calls == 0


async def test_the_same_text_and_seed_draw_the_same_again(index_dir: Path) -> None:
    seeds: list[list[int | None]] = []
    for seed in (1, 1, 2):
        engine = Scripted(default=" x\nSearch: Harrowby")
        async with runner(engine, index_dir, "react_best_of_n") as made:
            await made.answer(f" {ASKED}\n", seed=seed)
        seeds.append([r.seed for r in engine.requests])
    assert seeds[0] == seeds[1]
    assert set(seeds[0]).isdisjoint(seeds[2])


async def test_questions_run_at_once_and_do_not_mix(index_dir: Path) -> None:
    def reply(request: Request) -> str:
        return "1874" if "born?" in request.messages[0].content else "Morn"

    engine = Waiting(8, default=reply)
    async with runner(engine, index_dir) as made:
        runs = await asyncio.gather(
            *(made.answer(q, seed=1) for q in [ASKED, "What does the Sallow Bridge cross?"] * 4)
        )
    assert [r.answer.text for r in runs] == ["1874", "Morn"] * 4
    assert {r.answer.usage.calls for r in runs} == {1}
    assert engine.met


async def test_a_failed_call_is_an_error_and_never_an_answer(index_dir: Path) -> None:
    async with runner(Scripted(), index_dir) as made:
        with pytest.raises(EngineError, match="no rule fits"):
            await made.answer(ASKED)


async def test_cancelling_frees_the_engine(index_dir: Path) -> None:
    engine = slow()
    async with runner(engine, index_dir) as made:
        task = asyncio.create_task(made.answer(ASKED))
        assert await asyncio.to_thread(soon, lambda: engine.calls == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert engine._running == 0


async def test_a_listener_that_fails_ends_the_run_at_once(index_dir: Path) -> None:
    def leave(event: TraceEvent) -> None:
        raise BrokenPipeError

    engine = slow()
    async with runner(engine, index_dir) as made:
        with pytest.raises(BrokenPipeError):
            await made.answer(ASKED, on_event=leave)
        assert engine._running == 0
        left = [task.get_coro() for task in asyncio.all_tasks() - {asyncio.current_task()}]
        searching = {getattr(coro, "__qualname__", "") for coro in left}
        assert searching <= {"Coalescer._serve_all"}, "only a search that others may share is left"


async def test_the_given_settings_choose_retriever_and_embedder(index_dir: Path) -> None:
    dense = HASHING.model_copy(update={"retriever": "dense"})
    made = open_runner("naive_rag", model=Scripted(default="x"), index=index_dir, settings=dense)
    run = await made.answer(ASKED)
    (search,) = [e for e in run.events if e.kind == "search"]
    assert {hit.source for hit in search.hits} == {"dense"}


def test_a_missing_index_is_told_before_a_model_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(IndexFolderError, match="no such index"):
        open_runner("naive_rag", model="no-such-model", index=tmp_path / "none", settings=HASHING)


async def test_what_determines_the_results_is_described(index_dir: Path) -> None:
    one = runner(Scripted(default="x"), index_dir).describe()
    other = runner(Scripted(default="x"), index_dir, overrides=["retrieve.k=2"]).describe()
    assert one["model.main"] == "scripted:script"
    assert one["index"]
    assert {key for key in one if one[key] != other[key]} == {"graph_hash"}


async def test_engines_are_closed_once_even_if_one_of_them_fails(index_dir: Path) -> None:
    closed: list[str] = []

    async def fail() -> None:
        closed.append("a")
        raise EngineError("no")

    async def close() -> None:
        closed.append("b")

    made = runner(Scripted(), index_dir)
    made.closers = (close, fail, close)
    with pytest.raises(EngineError, match="no"):
        await made.aclose()
    await made.aclose()
    assert sorted(closed) == ["a", "b", "b"]


async def test_an_engine_that_was_given_stays_open(index_dir: Path) -> None:
    engine = Scripted(default="x")
    async with runner(engine, index_dir):
        pass
    assert not engine.closed


def test_an_agent_answers_from_synchronous_code(index_dir: Path) -> None:
    with agent(Scripted(default="1874"), index_dir) as made:
        assert made.ask(ASKED).text == "1874"
        assert made.ask(Question(id="q", text=ASKED), seed=3).text == "1874"


async def test_an_agent_answers_inside_a_running_loop(index_dir: Path) -> None:
    with agent(Scripted(default="1874"), index_dir) as made:
        assert made.ask(ASKED).text == "1874"
        answers = await asyncio.gather(made.aask(ASKED), made.aask(ASKED))
    assert [a.text for a in answers] == ["1874", "1874"]


def test_an_agent_raises_what_the_run_raises(index_dir: Path) -> None:
    with agent(Scripted(), index_dir) as made:
        with pytest.raises(ConfigError, match="empty"):
            made.ask("")
        with pytest.raises(EngineError, match="no rule fits"):
            made.ask(ASKED)


async def test_a_stream_ends_with_the_answer_and_its_usage(index_dir: Path) -> None:
    with agent(Scripted(default="1874"), index_dir) as made:
        events = [event async for event in made.stream(ASKED)]
    assert [e.kind for e in events].count("answer") == 1
    assert events[-1].answer is not None
    assert events[-1].answer.usage.calls == 1


async def test_a_stream_raises_what_the_run_raises(index_dir: Path) -> None:
    with agent(Scripted(), index_dir) as made, pytest.raises(EngineError, match="no rule fits"):
        [event async for event in made.stream(ASKED)]


async def test_leaving_a_stream_early_cancels_the_run(index_dir: Path) -> None:
    engine = slow()
    with agent(engine, index_dir) as made:
        async for event in made.stream(ASKED):
            if event.kind == "search":
                break
        await asyncio.sleep(0.1)
        assert engine._running == 0


async def test_cancelling_aask_cancels_the_run(index_dir: Path) -> None:
    engine = slow()
    with agent(engine, index_dir) as made:
        task = asyncio.create_task(made.aask(ASKED))
        assert await asyncio.to_thread(soon, lambda: engine.calls == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.1)
        assert engine._running == 0


def test_closing_ends_what_others_wait_for(index_dir: Path) -> None:
    engine = slow()
    made = agent(engine, index_dir)
    said: list[Exception] = []

    def wait() -> None:
        try:
            made.ask(ASKED)
        except RunError as error:
            said.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert soon(lambda: engine.calls == 1)
    made.close()
    waiting.join(5)
    assert not waiting.is_alive()
    assert engine._running == 0
    assert str(said[0]) == "the agent is closed; make another"


async def test_a_closed_agent_says_so(index_dir: Path) -> None:
    made = agent(Scripted(default="x"), index_dir)
    waits = asyncio.create_task(made.aask(ASKED))
    made.close()
    made.close()
    with pytest.raises(RunError, match="closed"):
        made.ask(ASKED)
    with pytest.raises(RunError, match="closed"):
        await made.aask(ASKED)
    with pytest.raises(RunError, match="closed"):
        [event async for event in made.stream(ASKED)]
    with pytest.raises(RunError, match="closed"):
        await waits


async def test_closing_tells_those_who_await(index_dir: Path) -> None:
    engine = slow()
    made = agent(engine, index_dir)
    task = asyncio.create_task(made.aask(ASKED))
    assert await asyncio.to_thread(soon, lambda: engine.calls == 1)
    await asyncio.to_thread(made.close)
    with pytest.raises(RunError, match="closed"):
        await task


def test_an_agent_that_was_forgotten_leaves_no_thread(index_dir: Path) -> None:
    before = set(threading.enumerate())
    made = agent(Scripted(default="x"), index_dir)
    made.ask(ASKED)
    (door,) = (t for t in set(threading.enumerate()) - before if t.name == "ragreason-door")
    del made
    assert soon(lambda: not door.is_alive())


def test_a_program_that_never_closes_ends_quietly(index_dir: Path, tmp_path: Path) -> None:
    script = tmp_path / "play.py"
    script.write_text(
        f"""
import asyncio
import logging
from ragreason import Agent, Settings
from ragreason.generation.scripted import Scripted

logging.getLogger("asyncio").setLevel(logging.ERROR)  # a busy machine's slow callbacks are no fault
settings = Settings(embedder="hashing", retriever="bm25")
agent = Agent(model=Scripted(default="x"), index={str(index_dir)!r}, settings=settings)
print(agent.ask("Who?").text)
slow = Scripted(default="x", latency_s=3600)
other = Agent(model=slow, index={str(index_dir)!r}, settings=settings)

async def leave():
    async for event in other.stream("Who?"):
        if event.kind == "search":
            break

asyncio.run(leave())
""",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", script],
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "x\n", "")


async def test_models_begin_to_load_before_the_first_search(index_dir: Path) -> None:
    order: list[str] = []
    async with runner(Scripted(default="1874"), index_dir) as made:
        made.starters = (lambda: order.append("load"),)
        await made.answer(ASKED, on_event=lambda event: order.append(event.kind))
    assert order[0] == "load"
    assert "search" in order


class Searched:
    """A retriever that notes what it is asked."""

    name = "noting"

    def __init__(self) -> None:
        self.queries: list[str] = []

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        """Nothing."""
        self.queries += queries
        return [[] for _ in queries]


class Local(Scripted):
    """An engine that runs here: it has a model to load."""

    def start(self) -> None:
        """Nothing to do."""


async def test_warming_asks_each_local_engine_for_a_token_and_the_index_for_a_passage(
    index_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Request] = []
    engine = Local(default="x")

    async def generate(request: Request) -> list[Completion]:
        asked.append(request)
        raise EngineError("no model")

    monkeypatch.setattr(engine, "generate", generate)
    monkeypatch.setattr("ragreason.generation.open.open_engine", lambda *_: engine)
    async with open_runner("naive_rag", model="any", index=index_dir, settings=HASHING) as made:
        searched = Searched()
        made.searcher = searched
        await made.warm(searches=False)
        assert ([r.max_tokens for r in asked], searched.queries) == ([1], [])
        await made.warm()
        assert (len(asked), searched.queries) == (2, ["."]), "what fails is the question's to tell"
