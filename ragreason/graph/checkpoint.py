"""Checkpoints on disk, whose values come back equal and of the same type.

LangGraph's serializer refuses types that are not on a list, and turns tuples into lists. Ours has
the list of every type that a state may hold, and keeps tuples.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import aiosqlite
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from ragreason import tree, types
from ragreason.errors import ConfigError

STORED: tuple[type, ...] = tuple(
    value
    for module in (types, tree)
    for value in vars(module).values()
    if isinstance(value, type)
    and issubclass(value, types.Value)
    and value.__module__ == module.__name__
)
"""Every type of ours that a checkpoint may hold."""


class TupleMark:
    """Stands for a tuple while it is packed; unpacking calls it with the items."""

    items: list[Any]

    def __new__(cls, items: Iterable[Any]) -> Any:
        """The tuple that was packed."""
        return tuple(items)

    @classmethod
    def around(cls, values: Iterable[Any]) -> "TupleMark":
        """A mark to be packed in the tuple's place."""
        mark: TupleMark = object.__new__(cls)
        mark.items = [_marked(value) for value in values]
        return mark

    def _asdict(self) -> dict[str, Any]:
        return {"items": self.items}


def _marked(value: Any) -> Any:
    """`value` with the tuples inside plain lists, dicts and tuples replaced by marks."""
    kind = type(value)
    if kind is tuple:
        return TupleMark.around(value)
    if kind is list:
        return [_marked(item) for item in value]
    if kind is dict:
        return {key: _marked(item) for key, item in value.items()}
    return value


class Serializer(JsonPlusSerializer):
    """LangGraph's serializer with ragreason's types, and any `extra` ones, allowed."""

    def __init__(self, extra: Iterable[type] = ()) -> None:
        super().__init__(allowed_msgpack_modules=[*STORED, TupleMark, *extra])

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """Kind and bytes of a value."""
        return super().dumps_typed(_marked(obj))


@asynccontextmanager
async def open_checkpoints_at(
    url: str, extra: Iterable[type] = ()
) -> AsyncIterator[BaseCheckpointSaver[str]]:
    """A saver at `sqlite:///FILE` or `postgresql://...` (a driver in the scheme is passed over).

    Raises ConfigError for another scheme, or where PostgreSQL's saver is not installed.
    """
    scheme, _, rest = url.partition("://")
    kind = scheme.partition("+")[0]
    if kind == "sqlite" and rest.startswith("/"):
        async with open_checkpoints(Path(rest[1:]), extra) as saver:
            yield saver
        return
    if kind not in {"postgresql", "postgres"}:
        raise ConfigError(
            f"'{scheme}://' is no database for checkpoints; expected sqlite:///FILE or "
            "postgresql://USER@HOST/NAME"
        )
    try:
        module: Any = import_module("langgraph.checkpoint.postgres.aio")
    except ImportError as error:
        raise ConfigError(
            "checkpoints in PostgreSQL need langgraph-checkpoint-postgres; from a clone: "
            "pip install '.[postgres]'"
        ) from error
    opened = module.AsyncPostgresSaver.from_conn_string(
        f"postgresql://{rest}", serde=Serializer(extra)
    )
    async with opened as saver:
        await saver.setup()
        yield saver


@asynccontextmanager
async def open_checkpoints(
    path: Path, extra: Iterable[type] = ()
) -> AsyncIterator[BaseCheckpointSaver[str]]:
    """A saver over the SQLite file at `path`, made if it is missing; one event loop may use it.

    `extra` are the user's own types in state keys of their own. Resume a run with
    `graph.ainvoke(None, {"configurable": {"thread_id": ...}})`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    async with aiosqlite.connect(path) as connection:
        await connection.execute("PRAGMA synchronous=NORMAL")
        saver = AsyncSqliteSaver(connection, serde=Serializer(extra))
        await saver.setup()
        yield saver
