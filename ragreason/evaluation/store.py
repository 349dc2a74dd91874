"""A run's folder: rows appended one by one, safe against kills, against a second writer, and
against being continued with something else.

    run.json        what the run is keyed by, part by part
    results.jsonl   one row a finished question and seed; of a question that failed and was asked
                    again, the last one counts
    results-*.jsonl rows of before everything was asked anew, by the time of it
    summary.json    written when all are there
    run.lock        held while somebody writes; the system frees it when the process ends
"""

import hashlib
import json
import os
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from ragreason.errors import ConfigError, DataError
from ragreason.evaluation.rows import Row, is_error

Key = tuple[str, int]
"""What a row is told by: the question's id and the seed."""

RESULTS = "results.jsonl"
SUMMARY = "summary.json"
RUN = "run.json"
LOCK = "run.lock"


class RunFolder:
    """A results folder opened for writing; use it as a context manager.

    Raises ConfigError if another process writes there, or if it holds a run with other `parts`
    (then the message names which). `rows` are the latest rows by question and seed.
    """

    def __init__(self, path: Path, parts: Mapping[str, str]) -> None:
        self.path = path
        self.parts = dict(parts)
        self.rows: dict[Key, Row] = {}
        self._lock: IO[bytes] | None = None
        self._results: IO[bytes] | None = None

    def __enter__(self) -> Self:
        _make_folder(self.path)
        self._lock = _locked(self.path / LOCK)
        try:
            self._check_key()
            self.rows = {row_key(row, self.parts): row for row in read_rows(self.path)}
        except BaseException:
            self._lock.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._results is not None:
            self._results.close()
        if self._lock is not None:
            self._lock.close()

    def start(self, keys: Collection[Key]) -> set[Key]:
        """Make ready to append the rows of `keys`; gives those that are still to be done.

        Failed ones among them are to be done again: their old rows stay in the file, where the new
        ones come after them. Nothing that was written is changed but a last line that a kill tore.
        """
        self.rows = {
            key: row for key, row in self.rows.items() if key not in keys or not is_error(row)
        }
        _mend_end(self.path / RESULTS)
        (self.path / SUMMARY).unlink(missing_ok=True)
        self._results = (self.path / RESULTS).open("ab", buffering=0)
        return set(keys) - self.rows.keys()

    def set_aside(self) -> Path | None:
        """Begin anew, before `start`: the rows that are there move to `results-TIME.jsonl`, in one
        step. Gives that file, None where there were none.
        """
        if self._results is not None:
            raise ValueError("set_aside() comes before start()")
        if not self.rows:
            return None
        (self.path / SUMMARY).unlink(
            missing_ok=True
        )  # first: a kill must not leave it without rows
        aside = self.path / f"results-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.jsonl"
        (self.path / RESULTS).rename(aside)
        self.rows = {}
        return aside

    def append(self, row: Row) -> None:
        """Write one row, whole and on the disk when this returns."""
        if self._results is None:
            raise ValueError("start() comes before append()")
        key = row_key(row, self.parts)
        if key in self.rows:
            raise ValueError(f"question '{row['id']}' has a row already")
        _write_all(self._results, _line(row).encode())
        os.fsync(self._results.fileno())
        self.rows[key] = row

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Write `summary.json`."""
        text = json.dumps(summary, ensure_ascii=False, indent=2, allow_nan=False)
        write_whole(self.path / SUMMARY, text + "\n")

    def _check_key(self) -> None:
        path = self.path / RUN
        if path.is_file():
            changed = changes(read_parts(self.path), self.parts)
            if changed:
                raise ConfigError(
                    f"{self.path} holds a run with another {'; another '.join(changed)}; "
                    "give another --out, or delete that folder"
                )
        elif (self.path / RESULTS).is_file():
            raise ConfigError(f"{self.path} has {RESULTS} but no {RUN}; give another --out")
        else:
            document = {"key": run_key(self.parts), "parts": self.parts}
            write_whole(path, json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def run_key(parts: Mapping[str, str]) -> str:
    """16 hex digits over everything that determines a run's rows."""
    text = json.dumps(dict(parts), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def row_key(row: Mapping[str, Any], parts: Mapping[str, str]) -> Key:
    """The row's question and seed; rows from before seeds were kept have the run's only one."""
    seed = row.get("seed")
    return str(row["id"]), int(parts.get("seed", "0").split(",")[0] if seed is None else seed)


def read_parts(folder: Path) -> dict[str, str]:
    """What the folder's run is keyed by. Raises DataError for a damaged file."""
    parts: dict[str, str] = _read_json(folder / RUN, "parts")["parts"]
    return parts


def read_rows(folder: Path) -> list[Row]:
    """The rows of a run, in the order they were written; a torn last line is left out, and so are
    errors of questions that were asked again.

    Raises DataError for a line in the middle that is no row, and for a question that has two
    answers with one seed.
    """
    path = folder / RESULTS
    if not path.is_file():
        return []
    parts = read_parts(folder) if (folder / RUN).is_file() else {}
    rows: dict[Key, Row] = {}
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        row = _row(line)
        if row is None and number == len(lines):
            break  # cut off by a kill
        if row is None:
            raise DataError(f"{path}, line {number}: not a results row; delete the line to go on")
        key = row_key(row, parts)
        earlier = rows.pop(key, None)
        if earlier is not None and not is_error(earlier):
            raise DataError(f"{path}, line {number}: question '{row['id']}' comes twice")
        rows[key] = row
    return list(rows.values())


def read_summary(folder: Path) -> dict[str, Any]:
    """A finished run's `summary.json`. Raises ConfigError if there is none."""
    if not (folder / SUMMARY).is_file():
        what = "is not finished; run its eval again" if (folder / RUN).is_file() else "is no run"
        raise ConfigError(f"{folder} {what}: it has no {SUMMARY}")
    return _read_json(folder / SUMMARY, "graph", "dataset", "data_hash", "n", "offset")


def write_whole(path: Path, text: str) -> None:
    """Write a file under another name and rename it: readers see the old one or the new one."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    with temporary.open("wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _row(line: bytes) -> Row | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) and {"id", "status"} <= row.keys() else None


def _mend_end(path: Path) -> None:
    """Cut off a torn last line; end a whole one that lacks its newline."""
    with path.open("a+b") as file:
        file.seek(0)
        content = file.read()
        start = content.rfind(b"\n") + 1
        if start == len(content):
            return
        if _row(content[start:]) is None:
            file.truncate(start)
        else:
            file.write(b"\n")
        os.fsync(file.fileno())


def _line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=True, allow_nan=False) + "\n"


def _write_all(file: IO[bytes], content: bytes) -> None:
    while content:
        content = content[file.write(content) :]


def _read_json(path: Path, *needed: str) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise DataError(f"{path}: can't be read: {error}") from error
    if not isinstance(document, dict):
        raise DataError(f"{path}: expected a JSON object")
    if missing := [name for name in needed if name not in document]:
        raise DataError(f"{path}: damaged: it has no '{missing[0]}'; run its eval again")
    return document


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> Sequence[str]:
    """The parts that differ, each with what it was and what it is now."""
    names = [n for n in {**before, **now} if before.get(n) != now.get(n)]
    return [f"{n} ({before.get(n) or 'none'}, now {now.get(n) or 'none'})" for n in names]


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise ConfigError(f"{path}: expected a folder for results, this is a file") from error
    except OSError as error:
        raise ConfigError(f"{path}: can't be made: {error.strerror}") from error


def _locked(path: Path) -> IO[bytes]:
    try:
        file = path.open("ab")
    except OSError as error:
        raise ConfigError(f"{path.parent}: can't be written: {error.strerror}") from error
    try:
        _lock(file)
    except OSError as error:
        file.close()
        raise ConfigError(
            f"{path.parent} is being written by another process; wait for it, or give another --out"
        ) from error
    return file


def _lock(file: IO[bytes]) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
