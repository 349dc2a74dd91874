"""The texts of a run's passages: kept once a run, beside its rows, appended and never rewritten."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from ragreason.datasets import Dataset, Example
from ragreason.types import Passage

PASSAGES = "passages.jsonl"


class Text(NamedTuple):
    """What a passage says."""

    title: str
    text: str


class PassageLog:
    """A run folder's `passages.jsonl`, opened for writing.

    A passage is written before the row that names it, so a kill loses none of a row that is there.
    Whoever writes holds the folder's lock.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / PASSAGES
        self._known = set(read_passages(folder))
        if self.path.is_file():
            _end_line(self.path)

    def keep(self, passages: Iterable[Passage]) -> None:
        """Append those that are not there yet; on the disk when this returns."""
        new = {p.id: p for p in passages if p.id not in self._known}
        if not new:
            return
        rows = [{"id": p.id, "title": p.title, "text": p.text} for p in new.values()]
        text = "".join(json.dumps(row, ensure_ascii=True) + "\n" for row in rows)
        with self.path.open("ab") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        self._known |= new.keys()


class Supports:
    """The passages that a dataset's questions need, from their own paragraphs or its corpus."""

    def __init__(self, dataset: Dataset) -> None:
        self._extra = {passage.id: passage for passage in dataset.extra}

    def of(self, example: Example) -> list[Passage]:
        """Those whose texts the dataset holds."""
        own = {passage.id: passage for passage in example.passages}
        ids = example.gold.support_ids
        found = (own.get(i) or self._extra.get(i) for i in ids)
        return [passage for passage in found if passage is not None]


def read_passages(folder: Path) -> Mapping[str, Text]:
    """The kept passages by id; none where the run kept none. A torn line is left out."""
    path = folder / PASSAGES
    if not path.is_file():
        return {}
    found = {}
    for line in path.read_bytes().split(b"\n"):
        try:
            row = json.loads(line)
            found[str(row["id"])] = Text(str(row["title"]), str(row["text"]))
        except (ValueError, TypeError, KeyError):
            continue  # cut off by a kill, or empty
    return found


def _end_line(path: Path) -> None:
    """End a line that a kill cut off, so that the next one stands by itself."""
    with path.open("rb+") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")
