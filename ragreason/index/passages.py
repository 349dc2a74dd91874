"""Passages in a memory-mapped Arrow file: opening costs nothing, whatever their number."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
        return self.at([row])[row]

    def at(self, rows: Iterable[int]) -> dict[int, Passage]:
        """Row to passage, read together: many at once cost little more than one."""
        wanted = np.unique(np.fromiter(rows, dtype=np.int64))
        found: dict[int, Passage] = {}
        for first, batch in self._batches:  # not of the whole table, whose batches it would join
            here = wanted[(wanted >= first) & (wanted < first + batch.num_rows)]
            if len(here):
                values = batch.take(here - first).to_pylist()
                found |= zip(here.tolist(), map(_passage, values), strict=True)
        return found

    @cached_property
    def _batches(self) -> list[tuple[int, Any]]:
        """Each batch, without sources, and its first row."""
        batches = self._table.drop_columns(["source"]).to_batches()
        firsts = np.cumsum([0, *(batch.num_rows for batch in batches)]).tolist()
        return list(zip(firsts, batches, strict=False))

    def all(self) -> Iterator[tuple[Passage, str]]:
        """Every passage with its source, duplicates last."""
        for batch in self._table.to_batches():
            for values in batch.to_pylist():
                source = values.pop("source")
                yield _passage(values), source

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

    @cached_property
    def documents(self) -> dict[str, str]:
        """Each document that a passage names, and its first passage's title, in corpus order."""
        named = self._table.select(["document", "title"]).group_by("document", use_threads=False)
        first = named.aggregate([("title", "first")]).to_pydict()
        pairs = zip(first["document"], first["title_first"], strict=True)
        return {document: title for document, title in pairs if document}

    def of_document(self, document: str) -> list[int]:
        """Rows of the passages of a document, duplicates too. One pass over the column."""
        import pyarrow.compute as pc

        return _where(pc.equal(self._table.column("document"), document))

    def titled(self, title: str) -> list[int]:
        """Rows of the passages with this title, letter case and outer white space aside."""
        import pyarrow.compute as pc

        titles = pc.utf8_lower(pc.utf8_trim_whitespace(self._table.column("title")))
        return _where(pc.equal(titles, title.strip().lower()))

    def in_order(self, rows: Sequence[int]) -> list[int]:
        """The rows as their passages stand in their document: by page, then by place."""
        places = (
            self._table.select(["page", "start"]).take(np.array(rows, dtype=np.int64)).to_pylist()
        )
        keys = [(place["page"] or 0, place["start"]) for place in places]
        return [row for _, row in sorted(zip(keys, rows, strict=True))]

    def mask(self, where: Where) -> Mask:
        """(searchable,) True for passages whose metadata equal, or are among, all the values.

        Those of a duplicate count for its twin, which is the one that is searched.
        """
        keep = np.ones(len(self), dtype=np.bool_)
        for key, wanted in where.items():
            rows = self._rows_by_value(key)
            matching = np.zeros(len(self), dtype=np.bool_)
            for value in _values(wanted):
                matching[rows.get(_typed(value), [])] = True
            keep &= matching
        for row, copies in self._copies.items():
            keep[row] |= keep[copies].any()
        return keep[: self.searchable]

    def fitting(self, rows: Iterable[int], where: Where | None) -> dict[int, Passage]:
        """Row to passage, as the first document has it whose metadata fit `where`."""
        found = self.at(rows)
        for row in found.keys() & self._copies.keys() if where else ():
            copies = [found[row], *self.at(self._copies[row]).values()]
            found[row] = next((p for p in copies if _fits(p.metadata, where or {})), copies[0])
        return found

    @cached_property
    def _copies(self) -> dict[int, list[int]]:
        """Rows of the duplicates of a searchable row."""
        column = self._table.column("id").slice(self.searchable).to_pylist()
        first = {key: row for row, key in enumerate(self.ids)} if column else {}
        found: dict[int, list[int]] = {}
        for row, key in enumerate(column, self.searchable):
            if key in first:
                found.setdefault(first[key], []).append(row)
        return found

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
        column = self._table.column("metadata")
        return [json.loads(text) for text in column.to_pylist()]


def _passage(values: Mapping[str, Any]) -> Passage:
    return Passage(**{**values, "metadata": json.loads(values["metadata"])})


def _where(matching: Any) -> list[int]:
    """Rows at which an Arrow column of booleans is true."""
    rows: list[int] = np.flatnonzero(matching.to_numpy(zero_copy_only=False)).tolist()
    return rows


def searchable_text(title: str, text: str) -> str:
    """What both retrievers see of a passage."""
    return f"{title}\n{text}" if title else text


def _fits(metadata: Mapping[str, Scalar], where: Where) -> bool:
    return all(
        key in metadata and _typed(metadata[key]) in map(_typed, _values(wanted))
        for key, wanted in where.items()
    )


def _values(wanted: Scalar | Sequence[Scalar]) -> Sequence[Scalar]:
    return [wanted] if isinstance(wanted, str | int | float | bool) else wanted


def _typed(value: Scalar) -> tuple[bool, Scalar]:
    return isinstance(value, bool), value  # True == 1 in Python, not in metadata
