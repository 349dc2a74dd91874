"""Runs and their events in SQLite, or any database that SQLAlchemy knows, by URL.

Writes of all runs that come together are one transaction, in a thread of their own, so that a disk
never holds up the event loop.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import time
from typing import Any, Literal, TypeVar

from pydantic import Field

from ragreason.errors import ConfigError
from ragreason.events import TraceEvent
from ragreason.types import Answer, Question, Value

RunStatus = Literal["running", "paused", "finished", "failed", "cancelled"]
OVER: tuple[RunStatus, ...] = ("finished", "failed", "cancelled")
T = TypeVar("T")


class RunRecord(Value):
    """A run as it is kept. Times are seconds since 1970. `waits` says, while it is paused, before
    which nodes, and with which values.
    """

    id: str
    graph: str
    question: Question
    seed: int = 0
    thread: str = ""
    status: RunStatus = "running"
    created_s: float = Field(default_factory=time)
    ended_s: float | None = None
    answer: Answer | None = None
    error: str = ""
    pause_before: tuple[str, ...] = ()
    waits: dict[str, Any] = Field(default_factory=dict)


class Store:
    """The database at `url`, its tables made if they are absent. Raises ConfigError if it can't be
    opened. Use it from one event loop; close it when done.
    """

    def __init__(self, url: str) -> None:
        self._engine, self._runs, self._events = _opened(url)
        self._thread = ThreadPoolExecutor(1, "runs")
        self._pending: list[dict[str, Any]] = []
        self._writing: asyncio.Future[None] | None = None

    async def put(self, record: RunRecord) -> None:
        """Keep the record, on disk when this returns; events that were told before are too."""
        await self._do(lambda: self._put(record, self._taken()))

    def tell(self, run: str, number: int, event: TraceEvent) -> None:
        """Keep an event of the run soon."""
        text = event.model_dump_json(exclude_defaults=True)
        self._pending.append({"run": run, "number": number, "event": text})
        if self._writing is None:
            self._writing = asyncio.ensure_future(self._write())

    async def get(self, run: str) -> RunRecord | None:
        """The run, None for an unknown one."""
        return await self._do(lambda: self._get(run))

    async def newest(self, most: int = 50, before_s: float | None = None) -> list[RunRecord]:
        """The newest runs first, those made before a time if it is given."""
        return await self._do(lambda: self._newest(most, before_s))

    async def unfinished(self) -> list[RunRecord]:
        """Runs that were at work when their server ended."""
        return await self._do(lambda: self._where(self._runs.c.status == "running"))

    async def turns(self, thread: str) -> list[RunRecord]:
        """The runs of a conversation, oldest first."""
        return await self._do(lambda: self._where(self._runs.c.thread == thread))

    async def events(self, run: str, after: int = -1) -> list[tuple[int, TraceEvent]]:
        """Kept events whose number is above `after`, in order."""
        return await self._do(lambda: self._read_events(run, after))

    async def aclose(self) -> None:
        """Write what is left, and close."""
        await self._do(lambda: self._insert(self._taken()))
        self._thread.shutdown()
        self._engine.dispose()

    async def _do(self, act: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, act)

    async def _write(self) -> None:
        try:
            while self._pending:
                await self._do(lambda: self._insert(self._taken()))
        finally:
            self._writing = None

    def _taken(self) -> list[dict[str, Any]]:
        taken, self._pending = self._pending, []
        return taken

    def _insert(self, events: Sequence[dict[str, Any]]) -> None:
        if events:
            with self._engine.begin() as connection:
                connection.execute(self._events.insert(), list(events))

    def _put(self, record: RunRecord, events: Sequence[dict[str, Any]]) -> None:
        values = {
            "id": record.id,
            "thread": record.thread,
            "status": record.status,
            "created_s": record.created_s,
            "record": record.model_dump_json(),
        }
        with self._engine.begin() as connection:
            if events:
                connection.execute(self._events.insert(), list(events))
            changed = connection.execute(
                self._runs.update().where(self._runs.c.id == record.id).values(values)
            )
            if not changed.rowcount:
                connection.execute(self._runs.insert(), values)

    def _get(self, run: str) -> RunRecord | None:
        found = self._where(self._runs.c.id == run)
        return found[0] if found else None

    def _newest(self, most: int, before_s: float | None) -> list[RunRecord]:
        query = self._runs.select().order_by(self._runs.c.created_s.desc()).limit(most)
        if before_s is not None:
            query = query.where(self._runs.c.created_s < before_s)
        return self._records(query)

    def _where(self, condition: Any) -> list[RunRecord]:
        return self._records(self._runs.select().where(condition).order_by(self._runs.c.created_s))

    def _records(self, query: Any) -> list[RunRecord]:
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [RunRecord.model_validate_json(row.record) for row in rows]

    def _read_events(self, run: str, after: int) -> list[tuple[int, TraceEvent]]:
        events = self._events
        query = (
            events.select()
            .where(events.c.run == run, events.c.number > after)
            .order_by(events.c.number)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [(row.number, TraceEvent.model_validate(json.loads(row.event))) for row in rows]


def _opened(url: str) -> tuple[Any, Any, Any]:
    try:
        import sqlalchemy
    except ImportError as error:
        raise ConfigError(
            "serving needs SQLAlchemy; from a clone: pip install '.[serve]'"
        ) from error
    tables = sqlalchemy.MetaData()
    text, number, real = sqlalchemy.Text, sqlalchemy.Integer, sqlalchemy.Float
    column = sqlalchemy.Column
    runs = sqlalchemy.Table(
        "serving_runs",
        tables,
        column("id", sqlalchemy.String(64), primary_key=True),
        column("thread", sqlalchemy.String(128), index=True),
        column("status", sqlalchemy.String(16), index=True),
        column("created_s", real, index=True),
        column("record", text),
    )
    events = sqlalchemy.Table(
        "serving_events",
        tables,
        column("run", sqlalchemy.String(64), primary_key=True),
        column("number", number, primary_key=True, autoincrement=False),
        column("event", text),
    )
    try:
        engine = sqlalchemy.create_engine(url)
        tables.create_all(engine)
    except (sqlalchemy.exc.SQLAlchemyError, ImportError) as error:
        told = " ".join(str(error).split())[:200]
        raise ConfigError(
            f"the database of runs can't be opened: {told}; expected sqlite:///FILE or "
            "postgresql+psycopg://USER@HOST/NAME"
        ) from error
    return engine, runs, events
