"""Results in a database: SQLite, and a real PostgreSQL server where its programs are installed."""

import json
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from ragreason.datasets import Dataset
from ragreason.errors import ConfigError, EngineError, RunError
from ragreason.evaluation.answered import Answered
from ragreason.evaluation.database import ResultsDatabase
from ragreason.evaluation.evaluate import evaluate
from ragreason.evaluation.store import read_rows
from ragreason.types import Question

sqlalchemy = pytest.importorskip("sqlalchemy")
Ask = Callable[[Question], Awaitable[Answered]]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/runs.db"
    found: str = request.getfixturevalue("postgres")
    return found


def rows_in(url: str, folder: Path) -> list[dict[str, Any]]:
    """What the database holds of the folder's run, in the order of `position`, seed, session."""
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    key = json.loads((folder / "run.json").read_text(encoding="utf-8"))["key"]
    query = "select row from ragreason_results where run = :run order by position, seed, session"
    with engine.connect() as connection:
        found = connection.execute(sqlalchemy.text(query), {"run": key}).scalars().all()
    engine.dispose()
    return [json.loads(text) for text in found]


def by_position(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda r: (r["position"], r["seed"], r["session"]))


async def test_every_row_is_in_the_database_once(
    dataset: Dataset, ask: Ask, tmp_path: Path, url: str, request: pytest.FixtureRequest
) -> None:
    identity = {"graph": request.node.name}
    out = tmp_path / "out"
    await evaluate({0: ask, 1: ask}, dataset, out, identity=identity, limit=4, results=url)
    assert rows_in(url, out) == by_position(read_rows(out))
    await evaluate({0: ask, 1: ask}, dataset, out, identity=identity, results=url)
    assert rows_in(url, out) == by_position(read_rows(out))
    assert len(rows_in(url, out)) == 40


async def test_what_a_kill_kept_from_the_database_comes_with_the_next_start(
    dataset: Dataset, ask: Ask, tmp_path: Path, url: str, request: pytest.FixtureRequest
) -> None:
    identity = {"graph": request.node.name}
    await evaluate(ask, dataset, tmp_path / "out", identity=identity, limit=3)
    await evaluate(ask, dataset, tmp_path / "out", identity=identity, limit=5, results=url)
    assert [row["id"] for row in rows_in(url, tmp_path / "out")] == [f"q{i}" for i in range(5)]


async def test_a_failed_attempt_stays_beside_the_one_that_answered(
    dataset: Dataset, ask: Ask, tmp_path: Path, url: str, request: pytest.FixtureRequest
) -> None:
    identity = {"graph": request.node.name}

    async def lost(question: Question) -> Answered:
        raise EngineError("lost")

    await evaluate(lost, dataset, tmp_path / "out", identity=identity, limit=1, results=url)
    await evaluate(ask, dataset, tmp_path / "out", identity=identity, limit=1, results=url)
    assert [row["status"] for row in rows_in(url, tmp_path / "out")] == ["error", "ok"]


async def test_columns_are_there_to_query_by(dataset: Dataset, ask: Ask, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/runs.db"
    await evaluate(ask, dataset, tmp_path / "a", identity={"graph": "a"}, results=url)
    await evaluate(ask, dataset, tmp_path / "b", identity={"graph": "b"}, limit=5, results=url)
    connection = sqlite3.connect(tmp_path / "runs.db")
    found = connection.execute(
        "select graph, count(*), avg(em) from ragreason_runs join ragreason_results using (run) "
        "group by graph order by graph"
    ).fetchall()
    connection.close()
    assert found == [("a", 20, 0.5), ("b", 5, 0.6)]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("runs.db", "expected sqlite:///runs.db or postgresql://"),
        ("mysql://u:hush@h/d", r"can't go to 'mysql://u:\*\*\*@h/d'.*expected sqlite"),
        ("sqlite:////no/such/folder/runs.db", "unable to open database file"),
        ("postgresql://u:hush@127.0.0.1:1/d", r"can't go to postgresql://u:\*\*\*@127.0.0.1:1/d"),
    ],
)
async def test_a_database_that_can_not_be_opened_stops_before_a_question_is_asked(
    dataset: Dataset, tmp_path: Path, url: str, message: str
) -> None:
    if url.startswith("postgresql"):
        pytest.importorskip("psycopg")

    async def never(question: Question) -> Answered:
        raise AssertionError("asked")

    with pytest.raises(ConfigError, match=message) as told:
        await evaluate(never, dataset, tmp_path / "out", results=url)
    assert "hush" not in str(told.value)
    assert "\n" not in str(told.value)


async def test_a_database_that_is_lost_stops_the_run_and_the_row_is_kept(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/runs.db"

    async def drops(question: Question) -> Answered:
        if question.id == "q2":
            connection = sqlite3.connect(tmp_path / "runs.db")
            connection.execute("drop table ragreason_results")
            connection.close()
        return await ask(question)

    with pytest.raises(RunError, match="the same command goes on"):
        await evaluate(drops, dataset, tmp_path / "out", concurrency=1, results=url)
    assert [row["id"] for row in read_rows(tmp_path / "out")] == ["q0", "q1", "q2"]
    await evaluate(ask, dataset, tmp_path / "out", results=url)
    assert len(rows_in(url, tmp_path / "out")) == 20


def test_without_sqlalchemy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sqlalchemy", None)
    with pytest.raises(ConfigError, match=r"pip install '\.\[results\]'"):
        ResultsDatabase("sqlite:///x.db", {})
