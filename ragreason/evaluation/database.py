"""Results in SQLite or PostgreSQL, beside the run's folder: rows are added and never changed.

    ragreason_runs      run, graph, dataset, parts (JSON): what determines the run, by its key
    ragreason_results   a row a finished question, seed and session; `row` is its line of
                        results.jsonl, the other columns are what queries are usually by

A question that failed and was asked again has a row for each session that asked it.
"""

import json
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from ragreason.errors import ConfigError, RunError, install_extra
from ragreason.evaluation.rows import METRICS, Row
from ragreason.evaluation.store import row_key, run_key

_FORMS = "expected sqlite:///runs.db or postgresql://USER:PASSWORD@HOST/DATABASE"
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}


class ResultsDatabase:
    """Where one run's rows also go; use it as a context manager.

    Raises ConfigError where the URL can't be opened, RunError where a row can't be written. Adding
    a row that is there already does nothing.
    """

    def __init__(self, url: str, parts: Mapping[str, str]) -> None:
        try:
            import sqlalchemy
        except ImportError as error:
            raise ConfigError(
                f"results in a database need SQLAlchemy: {install_extra('results')}"
            ) from error
        self.parts = dict(parts)
        self.run = run_key(parts)
        self._errors = sqlalchemy.exc.SQLAlchemyError
        try:
            given = sqlalchemy.engine.make_url(url)
            self.place = _place(given)
            driver = _DRIVERS[given.get_backend_name()]
            self._engine = sqlalchemy.create_engine(given.set(drivername=driver))
        except KeyError as error:
            raise ConfigError(f"results can't go to '{self.place}': {_FORMS}") from error
        except (self._errors, ImportError, ValueError) as error:  # a port that is no number
            raise ConfigError(
                f"results can't go to a database: {_line(error)}; {_FORMS}"
            ) from error
        self._runs, self._results = _tables(sqlalchemy)

    def __enter__(self) -> Self:
        parts = self.parts
        run = {
            "run": self.run,
            "graph": parts.get("graph", ""),
            "dataset": parts.get("dataset", ""),
            "parts": json.dumps(parts),
        }
        try:
            self._create_tables()
            self._insert(self._runs, [run])
        except self._errors as error:
            self._engine.dispose()
            raise ConfigError(f"results can't go to {self.place}: {_line(error)}") from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._engine.dispose()

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows, all or none, in one transaction."""
        records = [self._record(row) for row in rows]
        try:
            self._insert(self._results, records)
        except self._errors as error:
            raise RunError(
                f"results can't be written to {self.place}: {_line(error)}; what was answered is "
                "kept in the run's folder, the same command goes on"
            ) from error

    def _record(self, row: Row) -> dict[str, Any]:
        question, seed = row_key(row, self.parts)
        usage = row["usage"]
        return {
            "run": self.run,
            "question": question,
            "seed": seed,
            "session": row["session"],
            "position": row["position"],
            "status": row["status"],
            **{name: row[name] for name in METRICS},
            **{name: usage[name] for name in ("prompt_tokens", "completion_tokens", "calls")},
            "latency_s": row["latency_s"],
            "row": json.dumps(row, ensure_ascii=True, allow_nan=False),
        }

    def _create_tables(self) -> None:
        """Where they are not there yet; other runs may begin at the same moment."""
        from sqlalchemy.exc import IntegrityError
        from sqlalchemy.schema import CreateTable

        def create() -> None:
            with self._engine.begin() as connection:
                for table in self._runs.metadata.sorted_tables:
                    connection.execute(CreateTable(table, if_not_exists=True))

        try:
            create()
        except (
            IntegrityError
        ):  # PostgreSQL: another run was faster by a hair, so now they are there
            create()

    def _insert(self, table: Any, records: list[dict[str, Any]]) -> None:
        if not records:
            return
        from sqlalchemy.dialects import postgresql, sqlite

        dialect = sqlite if self._engine.dialect.name == "sqlite" else postgresql
        with self._engine.begin() as connection:
            connection.execute(dialect.insert(table).on_conflict_do_nothing(), records)


def _tables(sqlalchemy: Any) -> tuple[Any, Any]:
    text, whole, real = sqlalchemy.Text, sqlalchemy.Integer, sqlalchemy.Float
    column, metadata = sqlalchemy.Column, sqlalchemy.MetaData()
    runs = sqlalchemy.Table(
        "ragreason_runs",
        metadata,
        column("run", sqlalchemy.String(16), primary_key=True),
        *(column(name, text, nullable=False) for name in ("graph", "dataset", "parts")),
    )
    results = sqlalchemy.Table(
        "ragreason_results",
        metadata,
        column("run", sqlalchemy.String(16), sqlalchemy.ForeignKey(runs.c.run), primary_key=True),
        column("question", text, primary_key=True),
        column("seed", sqlalchemy.BigInteger, primary_key=True),
        column("session", text, primary_key=True),
        column("position", whole, nullable=False),
        column("status", text, nullable=False),
        *(column(name, real) for name in METRICS),
        *(column(name, whole) for name in ("prompt_tokens", "completion_tokens", "calls")),
        column("latency_s", real),
        column("row", text, nullable=False),
    )
    return runs, results


def _place(url: Any) -> str:
    """The URL without what may hold a password: after the user's name, or in the query."""
    shown: str = url.set(query={}).render_as_string(hide_password=True)
    return shown


def _line(error: BaseException) -> str:
    """The first line of what a driver says, which has many."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
