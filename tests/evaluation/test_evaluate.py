import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ragreason.datasets import Dataset, Gold
from ragreason.errors import ConfigError, EngineDiedError, EngineError
from ragreason.evaluation.answered import Answered
from ragreason.evaluation.evaluate import evaluate
from ragreason.evaluation.rows import METRICS
from ragreason.evaluation.store import read_rows
from ragreason.types import Answer, Question

Ask = Callable[[Question], Awaitable[Answered]]
IDENTITY = {"graph": "own", "graph_hash": "aaaa", "model": "m"}


def rows_of(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "results.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


async def test_one_row_a_question_and_a_summary(dataset: Dataset, ask: Ask, tmp_path: Path) -> None:
    summary = await evaluate(ask, dataset, tmp_path / "run", identity=IDENTITY, seed=3)
    rows = rows_of(tmp_path / "run")
    assert sorted(r["id"] for r in rows) == sorted(e.question.id for e in dataset.examples)
    by_id = {r["id"]: r for r in rows}
    assert (by_id["q2"]["em"], by_id["q3"]["em"]) == (1.0, 0.0)
    assert (by_id["q2"]["support_recall"], by_id["q12"]["support_recall"]) == (1.0, 0.0)
    assert by_id["q2"]["trace"][0]["query"] == "Which town lies on the river 2?"
    assert json.loads((tmp_path / "run/summary.json").read_text(encoding="utf-8")) == summary
    assert (summary["n"], summary["errors"], summary["forced"], summary["seed"]) == (20, 0, 1, 3)
    assert summary["metrics"]["em"]["value"] == 0.5
    assert summary["metrics"]["em"]["low"] < 0.5 < summary["metrics"]["em"]["high"]
    assert summary["metrics"]["support_all"]["value"] == 0.5
    assert summary["usage"]["prompt_tokens"] == 2_000
    assert summary["usage"]["per_question"]["calls"] == 2.0
    assert summary["graph_hash"] == "aaaa"
    assert summary["data_hash"] == dataset.data_hash


async def test_keys_promised_by_the_design(dataset: Dataset, ask: Ask, tmp_path: Path) -> None:
    summary = await evaluate(ask, dataset, tmp_path, limit=2)
    promised = "graph graph_hash dataset data_hash n errors seed versions metrics usage latency_s"
    assert {*promised.split(), "wall_s"} <= summary.keys()
    assert summary["metrics"].keys() >= set(METRICS)
    assert all(m.keys() == {"value", "low", "high", "n"} for m in summary["metrics"].values())
    assert summary["latency_s"].keys() == {"p50", "p95"}
    assert summary["first_token_s"] == {"p50": None, "p95": None}, "a function tells no such time"
    row = rows_of(tmp_path)[0]
    assert set("id answer em f1 citations retrieved usage status trace".split()) <= row.keys()


async def test_only_the_question_reaches_the_answerer(dataset: Dataset, tmp_path: Path) -> None:
    seen: list[Any] = []

    async def spy(*given: Any, **named: Any) -> Answered:
        seen.append((given, named))
        return Answered(Answer(text="x"))

    await evaluate(spy, dataset, tmp_path)
    assert seen == [((example.question,), {}) for example in dataset.examples]
    assert not any(isinstance(part, Gold) for given, _ in seen for part in given)


async def test_questions_run_concurrently_and_no_more_than_told(
    dataset: Dataset, tmp_path: Path
) -> None:
    running = most = 0
    order: list[str] = []
    overtaken = asyncio.Event()

    async def slow_first(question: Question) -> Answered:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await (overtaken.wait() if question.id == "q0" else asyncio.sleep(0.001))
        running -= 1
        return Answered(Answer(text="x"))

    def finished(row: Mapping[str, Any]) -> None:
        order.append(row["id"])
        if len(order) == 6:
            overtaken.set()

    await evaluate(slow_first, dataset, tmp_path, concurrency=4, on_row=finished)
    assert most == 4
    assert order.index("q0") >= 6


async def test_a_failed_question_is_an_error_row_and_never_scored(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    async def flaky(question: Question) -> Answered:
        if question.id == "q2":
            raise EngineError("the engine\nlost it")
        if question.id == "q4":
            return Answered(Answer(text="town 4", status="error", error="half way"))
        return await ask(question)

    summary = await evaluate(flaky, dataset, tmp_path)
    by_id = {r["id"]: r for r in rows_of(tmp_path)}
    assert by_id["q2"]["error"] == "EngineError: the engine lost it"
    assert by_id["q4"]["error"] == "half way"
    assert by_id["q2"]["answer"] is None
    assert all(by_id["q2"][name] is None for name in METRICS)
    assert (summary["n"], summary["errors"]) == (20, 2)
    assert summary["metrics"]["em"]["value"] == 8 / 18


async def test_only_errors_and_missing_questions_are_asked_again(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    asked: list[str] = []
    broken = True

    async def flaky(question: Question) -> Answered:
        asked.append(question.id)
        if broken and question.id in ("q1", "q2"):
            raise EngineError("lost")
        return await ask(question)

    await evaluate(flaky, dataset, tmp_path, limit=5)
    asked.clear()
    broken = False
    summary = await evaluate(flaky, dataset, tmp_path, limit=7)
    assert asked == ["q1", "q2", "q5", "q6"]
    assert (summary["n"], summary["errors"]) == (7, 0)
    ids = [r["id"] for r in read_rows(tmp_path)]
    assert sorted(ids) == sorted(f"q{i}" for i in range(7))
    assert len(rows_of(tmp_path)) == 9, "the failed attempts stay in the file"


async def test_a_smaller_selection_keeps_other_rows_and_leaves_them_out(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    await evaluate(ask, dataset, tmp_path)
    summary = await evaluate(ask, dataset, tmp_path, offset=2, limit=3)
    assert summary["n"] == 3
    assert summary["metrics"]["em"]["value"] == 2 / 3
    assert len(rows_of(tmp_path)) == 20


async def test_a_torn_last_line_is_dropped_and_its_question_asked_again(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    await evaluate(ask, dataset, tmp_path)
    whole = (tmp_path / "results.jsonl").read_bytes()
    (tmp_path / "results.jsonl").write_bytes(whole[:-40])
    starts: list[tuple[int, int]] = []
    await evaluate(ask, dataset, tmp_path, on_start=lambda *told: starts.append(told))
    assert starts == [(20, 19)]
    assert len({r["id"] for r in rows_of(tmp_path)}) == len(rows_of(tmp_path)) == 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"identity": {**IDENTITY, "graph_hash": "bbbb"}}, r"another graph_hash \(aaaa, now bbbb"),
        ({"identity": {**IDENTITY, "model": "n"}}, r"another model \(m, now n\)"),
        ({"seed": 1}, r"another seed \(0, now 1\)"),
    ],
)
async def test_another_key_is_refused_and_what_changed_is_named(
    dataset: Dataset, ask: Ask, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    await evaluate(ask, dataset, tmp_path, identity=IDENTITY, limit=2)
    before = rows_of(tmp_path)
    with pytest.raises(ConfigError, match=message):
        await evaluate(ask, dataset, tmp_path, **{"identity": IDENTITY, **change})
    assert rows_of(tmp_path) == before


async def test_other_data_is_refused(dataset: Dataset, ask: Ask, tmp_path: Path) -> None:
    await evaluate(ask, dataset, tmp_path, limit=2)
    other = Dataset("own", Path("own.json"), dataset.examples[:19])
    with pytest.raises(ConfigError, match="another data_hash"):
        await evaluate(ask, other, tmp_path, limit=2)


async def test_cancelling_keeps_the_finished_rows(dataset: Dataset, tmp_path: Path) -> None:
    async def stuck(question: Question) -> Answered:
        if int(question.id[1:]) >= 5:
            await asyncio.sleep(60)
        return Answered(Answer(text="x"))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await evaluate(stuck, dataset, tmp_path, concurrency=2)
    assert {r["id"] for r in rows_of(tmp_path)} == {f"q{i}" for i in range(5)}
    assert not (tmp_path / "summary.json").exists()


async def test_no_supports_give_null(dataset: Dataset, ask: Ask, tmp_path: Path) -> None:
    bare = tuple(
        e.model_copy(update={"gold": Gold(answers=e.gold.answers)}) for e in dataset.examples
    )
    summary = await evaluate(ask, Dataset("own", Path("x"), bare), tmp_path)
    missing = {"value": None, "low": None, "high": None, "n": 0}
    assert summary["metrics"]["support_recall"] == missing
    assert rows_of(tmp_path)[0]["support_all"] is None


async def test_an_engine_that_is_gone_stops_the_run(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    async def die(question: Question) -> Answered:
        if int(question.id[1:]) >= 4:
            raise EngineDiedError("the server can't be reached")
        return await ask(question)

    with pytest.raises(EngineDiedError, match=r"4 questions in a row.*same command goes on"):
        await evaluate(die, dataset, tmp_path, concurrency=3)
    rows = rows_of(tmp_path)
    assert sum(row["status"] == "error" for row in rows) <= 6
    assert not (tmp_path / "summary.json").exists()
    summary = await evaluate(ask, dataset, tmp_path, concurrency=3)
    assert (summary["n"], summary["errors"]) == (20, 0)
    assert len(read_rows(tmp_path)) == 20


async def test_one_death_of_an_engine_does_not_stop_the_run(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    async def die_once(question: Question) -> Answered:
        if question.id in {"q3", "q4", "q5", "q9"}:
            raise EngineDiedError("it died")
        return await ask(question)

    summary = await evaluate(die_once, dataset, tmp_path, concurrency=3)
    assert (summary["n"], summary["errors"]) == (20, 4)


async def test_a_question_starts_when_there_is_room_and_is_answered_inside(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    room = asyncio.Semaphore(3)
    inside = most = 0

    @asynccontextmanager
    async def beginning() -> AsyncIterator[None]:
        nonlocal inside, most
        async with room:
            inside += 1
            most = max(most, inside)
            yield
            inside -= 1

    order: list[str] = []
    full = asyncio.Event()

    async def note(question: Question) -> Answered:
        assert inside
        order.append(question.id)
        if len(order) == 3:
            full.set()
        async with asyncio.timeout(60):
            await full.wait()
        return await ask(question)

    summary = await evaluate(note, dataset, tmp_path, concurrency=100, beginning=beginning)
    assert summary["n"] == 20
    assert most == 3
    assert order == [e.question.id for e in dataset.examples], "they start in file order"


async def test_what_is_loaded_is_loaded_before_the_first_question_and_only_if_one_is_asked(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    order: list[str] = []
    seven = asyncio.Event()

    async def warm() -> None:
        await asyncio.sleep(0)
        order.append("warm")

    async def note(question: Question) -> Answered:
        order.append(question.id)
        if len(order) == 1 + 7:
            seven.set()
        await seven.wait()
        return await ask(question)

    summary = await evaluate(note, dataset, tmp_path, warm=warm, concurrency=7)
    assert order.index("warm") == 0
    assert (len(order), summary["concurrency"]) == (21, 7)
    kept = await evaluate(note, dataset, tmp_path, warm=warm, concurrency=2)
    assert (len(order), kept["concurrency"]) == (21, 7), "the times are still those of the 7"


async def test_the_concurrency_of_times_is_what_was_in_flight_not_what_was_allowed(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    together = asyncio.Barrier(3)

    async def wait(question: Question) -> Answered:
        await together.wait()
        return await ask(question)

    summary = await evaluate(wait, dataset, tmp_path, limit=3, concurrency=100)
    assert summary["concurrency"] == 3


def set_aside(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.glob("results-*.jsonl")]


async def test_asked_again_every_question_is_and_the_old_rows_stay_aside(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    asked: list[str] = []

    async def note(question: Question) -> Answered:
        asked.append(question.id)
        return await ask(question)

    await evaluate(ask, dataset, tmp_path, limit=5)
    before = (tmp_path / "results.jsonl").read_bytes()
    summary = await evaluate(note, dataset, tmp_path, limit=3, again=True)
    assert (asked, summary["n"]) == (["q0", "q1", "q2"], 3)
    assert len(read_rows(tmp_path)) == 3
    assert set_aside(tmp_path) == [before]
