"""Passages in a memory-mapped Arrow file: opening costs nothing, whatever their number."""

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ragreason.protocols import Where
from ragreason.types import Passage, Scalar

_BATCH_ROWS = 16384
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def write_passages(path: Path, passages: Sequence[tuple[Passage, str]]) -> None:
    """Write (passage, source) pairs as an Arrow IPC file, in batches of 16,384 rows."""
    import pyarrow as pa

    schema = _schema()
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for first in range(0, len(passages), _BATCH_ROWS):
            rows = [_row(p, s) for p, s in passages[first : first + _BATCH_ROWS]]
            writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=schema))


def _schema() -> Any:
    import pyarrow as pa

    text = pa.large_string()
    return pa.schema(
        {
            "id": pa.string(),
            "title": text,
            "text": text,
            "document": pa.string(),
            "source": pa.string(),
            "page": pa.int32(),
            "start": pa.int64(),
            "end": pa.int64(),
            "metadata": text,
        }
    )


def _row(passage: Passage, source: str) -> dict[str, Any]:
    row = passage.model_dump(exclude={"metadata"})
    return row | {"source": source, "metadata": json.dumps(passage.metadata, ensure_ascii=False)}


class PassageStore:
    """Rows are numbers from 0 in corpus order; the first `searchable` have distinct ids."""

    def __init__(self, path: Path, searchable: int) -> None:
        import pyarrow as pa

        with pa.memory_map(str(path), "rb") as mapped:
            self._table = pa.ipc.open_file(mapped).read_all()
        self.searchable = searchable
        self._columns: dict[str, dict[tuple[bool, Scalar], Rows]] = {}

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __getitem__(self, row: int) -> Passage:
        values = self._table.slice(row, 1).drop_columns(["source"]).to_pylist()[0]
        return Passage(**(values | {"metadata": json.loads(values["metadata"])}))

    def all(self) -> Iterator[tuple[Passage, str]]:
        """Every passage with its source, duplicates last."""
        for batch in self._table.to_batches():
            for values in batch.to_pylist():
                source = values.pop("source")
                yield Passage(**(values | {"metadata": json.loads(values["metadata"])})), source

    @cached_property
    def ids(self) -> list[str]:
        """Ids of the searchable passages."""
        ids: list[str] = self._table.column("id").slice(0, self.searchable).to_pylist()
        return ids

    def texts(self) -> Iterator[str]:
        """Title and text of the searchable passages, as they are embedded and indexed."""
        columns = self._table.select(["title", "text"]).slice(0, self.searchable)
        for batch in columns.to_batches():
            yield from (searchable_text(r["title"], r["text"]) for r in batch.to_pylist())

    def mask(self, where: Where) -> Mask:
        """(searchable,) True for passages whose metadata equal, or are among, all the values."""
        keep = np.ones(self.searchable, dtype=np.bool_)
        for key, wanted in where.items():
            values = [wanted] if isinstance(wanted, str | int | float | bool) else wanted
            rows = self._rows_by_value(key)
            matching = np.zeros(self.searchable, dtype=np.bool_)
            for value in values:
                matching[rows.get(_typed(value), [])] = True
            keep &= matching
        return keep

    def _rows_by_value(self, key: str) -> dict[tuple[bool, Scalar], Rows]:
        if key not in self._columns:
            found: dict[tuple[bool, Scalar], list[int]] = {}
            for row, metadata in enumerate(self._metadata):
                if key in metadata:
                    found.setdefault(_typed(metadata[key]), []).append(row)
            self._columns[key] = {v: np.array(r, dtype=np.int64) for v, r in found.items()}
        return self._columns[key]

    @cached_property
    def _metadata(self) -> list[dict[str, Scalar]]:
        column = self._table.column("metadata").slice(0, self.searchable)
        return [json.loads(text) for text in column.to_pylist()]


def searchable_text(title: str, text: str) -> str:
    """What both retrievers see of a passage."""
    return f"{title}\n{text}" if title else text


def _typed(value: Scalar) -> tuple[bool, Scalar]:
    return isinstance(value, bool), value  # True == 1 in Python, not in metadata
