"""Solved questions in a folder: one JSON Lines file that only grows, under a lock."""

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from os import truncate
from pathlib import Path
from typing import Annotated

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ragreason.errors import ConfigError, DataError
from ragreason.experience.same import key_of

FILE = "solved.jsonl"


class Solved(BaseModel):
    """A question and the short answer that a verifier accepted, with the verifier's `score`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: Annotated[str, Field(min_length=1)]
    answer: Annotated[str, Field(min_length=1)]
    score: float | None = None


class Store:
    """The folder `path`. A missing one holds nothing, and is made by the first `add`.

    Processes may add at the same time. Lines are never changed or removed; each question is held
    once, by its normalised text. A line that a crash cut short is skipped by later readers.
    """

    def __init__(self, path: Path) -> None:
        if path.expanduser().is_file():
            raise ConfigError(f"an experience store is a folder; '{path}' is a file")
        self.path = path.expanduser()

    @property
    def file(self) -> Path:
        """The records."""
        return self.path / FILE

    def read(self) -> tuple[Solved, ...]:
        """All records, oldest first. Raises DataError for a line that is none."""
        if not self.file.is_file():
            return ()
        lines = self.file.read_text(encoding="utf-8").split("\n")
        # What stands behind the last line end was cut short, or is just being written.
        return tuple(self._record(n, line) for n, line in enumerate(lines[:-1], 1) if line.strip())

    def add(self, solved: Iterable[Solved]) -> int:
        """Append those whose question is not held yet; how many there were."""
        self.path.mkdir(parents=True, exist_ok=True)
        with FileLock(str(self.path / ".lock")):
            held = {key_of(record.question) for record in self.read()}
            new: dict[str, Solved] = {}
            for record in solved:
                key = key_of(record.question)
                if key and key not in held:
                    new.setdefault(key, record)
            self._append(tuple(new.values()))
        return len(new)

    def _append(self, records: Sequence[Solved]) -> None:
        if not records:
            return
        text = "".join(
            json.dumps(record.model_dump(exclude_none=True), ensure_ascii=False) + "\n"
            for record in records
        )
        self._cut_torn_end()
        with self.file.open("ab") as out:
            out.write(text.encode())

    def _cut_torn_end(self) -> None:
        """Drop what a crash left behind the last line end, so that the next line begins anew."""
        if self.file.is_file():
            held = self.file.read_bytes()
            if not held.endswith(b"\n"):
                truncate(self.file, held.rfind(b"\n") + 1)

    def _record(self, number: int, line: str) -> Solved:
        try:
            return Solved.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            raise DataError(
                f"{self.file}:{number}: {first['msg']}; expected one JSON object a line with "
                "question and answer"
            ) from error

    @property
    def digest(self) -> str:
        """First 16 hex digits of SHA-256 over the records: part of a run's identity."""
        lines = (record.model_dump_json() for record in self.read())
        return sha256("\n".join(lines).encode()).hexdigest()[:16]


def shipped_store() -> Store:
    """A few solved questions of our own making, in English and Chinese. Never added to."""
    return Store(Path(__file__).parent / "shipped")
