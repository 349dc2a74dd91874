"""The response cache: replies of engines on disk, for all processes of a machine.

One SQLite file in write-ahead mode (which network file systems don't support). A reply is stored
once, as JSON, under a hash of everything that determines it, and never changes. Where the file
grows past its bound, the replies that were used longest ago go.
"""

import asyncio
import hashlib
import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from time import sleep, time
from typing import Any

from ragreason.errors import ConfigError
from ragreason.types import Request

FORMAT = 1
"""Changes when keys or stored values do. It is part of the file's name: versions never mix."""
FILE = f"responses-{FORMAT}.sqlite"
_TABLE = """
CREATE TABLE IF NOT EXISTS responses (
    key TEXT PRIMARY KEY, engine TEXT NOT NULL, value TEXT NOT NULL, used_s INTEGER NOT NULL
)
"""
_INDEX = "CREATE INDEX IF NOT EXISTS responses_by_use ON responses (used_s)"
_PATIENCE_S = 30.0
_DAY_S = 86_400
_KEPT = 0.9
"""The share of the bound that is left when the oldest have gone."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CacheInfo:
    """What a cache holds. `engines`: replies by the engine that gave them."""

    path: Path
    replies: int
    size_bytes: int
    engines: Mapping[str, int]


class ResponseCache:
    """The cache in the file `path`, made if it is absent. Any thread may use it, any process too.

    Raises ConfigError for a file that is no cache or is damaged. What goes wrong later never harms
    a run: the cache is then passed over, with one warning in the log.
    """

    def __init__(
        self, path: Path, *, max_bytes: int = 1 << 31, clock: Callable[[], float] = time
    ) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._off = False
        self._warned = False
        self._connection = _opened(path)
        self._thread = ThreadPoolExecutor(1, "response-cache")  # waits for other processes there

    async def look_up(self, key: str) -> Any | None:
        """`get` without holding up the event loop."""
        return await self._away(self.get, key)

    async def keep(self, key: str, value: Any, engine: str) -> None:
        """`put` without holding up the event loop."""
        await self._away(self.put, key, value, engine)

    def get(self, key: str) -> Any | None:
        """The value stored under `key`, or None."""
        return self._tried(lambda: self._get(key))

    def put(self, key: str, value: Any, engine: str) -> None:
        """Keep a value that JSON can hold. The first one under a key stays."""
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        self._tried(lambda: self._put(key, text, engine))

    def info(self) -> CacheInfo:
        """How much it holds, of which engines."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT engine, COUNT(*) FROM responses GROUP BY engine ORDER BY engine"
            ).fetchall()
            size = self._pages("page_count") * self._page_size()
        return CacheInfo(self.path, sum(n for _, n in rows), size, dict(rows))

    def close(self) -> None:
        """Safe to call twice. What asks later is passed over."""
        with self._lock:
            self._off = True
            self._connection.close()
        self._thread.shutdown(wait=False)

    async def aclose(self) -> None:
        """`close`, for whoever closes other things that way."""
        self.close()

    async def _away(self, act: Callable[..., Any], *given: Any) -> Any:
        loop = asyncio.get_running_loop()
        try:
            future = loop.run_in_executor(self._thread, act, *given)
        except RuntimeError:  # closed
            return None
        return await future

    def _tried(self, act: Callable[[], Any]) -> Any:
        with self._lock:
            if self._off:
                return None
            try:
                return act()
            except sqlite3.DatabaseError as error:
                # Locked for too long or a full disk may pass; damage does not.
                self._off = not isinstance(error, sqlite3.OperationalError)
                if not self._warned:
                    self._warned = True
                    _log.warning("%s; the run goes on without it", _damaged(self.path, error))
        return None

    def _get(self, key: str) -> Any | None:
        row = self._connection.execute(
            "SELECT value, used_s FROM responses WHERE key = ?", (key,)
        ).fetchone()
        if row is None:
            return None
        try:
            value = json.loads(row[0])
        except (ValueError, TypeError):
            self._connection.execute("DELETE FROM responses WHERE key = ?", (key,))
            return None
        now = int(self._clock())
        if now - row[1] > _DAY_S:  # not at each use: readers should seldom write
            self._connection.execute("UPDATE responses SET used_s = ? WHERE key = ?", (now, key))
        return value

    def _put(self, key: str, text: str, engine: str) -> None:
        self._connection.execute(
            "INSERT INTO responses VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (key, engine, text, int(self._clock())),
        )
        used = (self._pages("page_count") - self._pages("freelist_count")) * self._page_size()
        if used > self._max_bytes:
            self._forget_oldest(1 - _KEPT * self._max_bytes / used)

    def _forget_oldest(self, share: float) -> None:
        (count,) = self._connection.execute("SELECT COUNT(*) FROM responses").fetchone()
        self._connection.execute(
            "DELETE FROM responses WHERE key IN "
            "(SELECT key FROM responses ORDER BY used_s, key LIMIT ?)",
            (int(count * share) + 1,),
        )

    def _pages(self, pragma: str) -> int:
        return int(self._connection.execute(f"PRAGMA {pragma}").fetchone()[0])

    def _page_size(self) -> int:
        return self._pages("page_size")


@cache
def _ours() -> str:
    return version("ragreason")


def response_key(
    engine: Sequence[str], kind: str, request: Request, continuations: Sequence[str] = ()
) -> str:
    """64 hex digits over all that determines a reply.

    `engine` names engine, weights, and what else changes what it says. Every field of the request
    counts, of messages and tools too; so do ragreason's version and the cache's format.
    """
    parts = {
        "versions": [FORMAT, _ours()],
        "engine": list(engine),
        "kind": kind,
        "request": request.model_dump(mode="json"),
        "continuations": list(continuations),
    }
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def clear(path: Path) -> int:
    """Forget all replies; gives how many there were. A damaged file is deleted (and counts 0)."""
    if not path.is_file():
        return 0
    try:
        with closing(_opened(path)) as connection:
            count = connection.execute("DELETE FROM responses").rowcount
            connection.execute("VACUUM")
            return count
    except sqlite3.OperationalError as error:
        raise ConfigError(
            f"the response cache {path} is in use: {error}; try again later"
        ) from error
    except (ConfigError, sqlite3.DatabaseError):
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return 0


def _opened(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(
            f"the response cache {path} can't be opened: {error}; set another `home`, or "
            "give --no-cache"
        ) from error
    try:
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(_TABLE)
        connection.execute(_INDEX)
        connection.execute("SELECT key, engine, value, used_s FROM responses LIMIT 1").fetchall()
    except sqlite3.DatabaseError as error:
        connection.close()
        raise ConfigError(f"{_damaged(path, error)}: `ragreason cache clear`") from error
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switching the mode does not wait for other processes that do the same at once."""
    for left in range(100, -1, -1):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if not left:
                raise
            sleep(0.05)


def _damaged(path: Path, error: Exception) -> str:
    return f"the response cache {path} can't be used ({error}); delete it"
