"""Records of JSON, JSON-lines and CSV files, each knowing where it stands for error messages."""

import codecs
import csv
import gzip
import io
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragreason.errors import DataError
from ragreason.text.passages import mended

_LIST_FIELDS = ("data", "Data", "questions", "examples")


@dataclass(frozen=True)
class Record:
    """One record. `where` names file and line, or file and record from 1."""

    where: str
    fields: Mapping[str, Any]

    def error(self, expected: str) -> DataError:
        """A DataError that says where and what was expected."""
        return DataError(f"{self.where}: {expected}")

    def get(self, *names: str) -> Any:
        """The value under the first of `names` that is there. DataError if none is."""
        for name in names:
            if name in self.fields:
                return self.fields[name]
        have = ", ".join(map(str, self.fields)) or "no fields"
        raise self.error(f"expected a field {_either(names)}; it has {have}")

    def text(self, *names: str) -> str:
        """A text that is not blank; whole numbers are taken as texts."""
        value = self.get(*names)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"expected a text under {_either(names)}, found {_short(value)}")
        return mended(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts under `name`; a missing field is an empty list."""
        value = unpacked(self.fields.get(name))
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self.error(f"expected a list of texts under '{name}', found {_short(value)}")
        return tuple(map(mended, value))

    def whole(self, name: str) -> int:
        """A whole number from 0; a missing field is 0."""
        value = self.fields.get(name)
        if value is None:
            return 0
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.error(f"expected a whole number under '{name}', found {_short(value)}")
        return value

    def flag(self, *names: str, default: bool) -> bool:
        """True or false, also where a copy says it as a text or a number."""
        value = next((self.fields[name] for name in names if name in self.fields), None)
        if value in (None, ""):
            return default
        found = said(value)
        if found is None:
            raise self.error(f"expected true or false under {_either(names)}, found {value!r}")
        return found

    def optional(self, name: str) -> Sequence[Any]:
        """A list; a missing field is an empty one."""
        return () if self.fields.get(name) in (None, "") else self.list(name)

    def list(self, *names: str) -> Sequence[Any]:
        """A list, also one that stands as JSON in a text."""
        value = unpacked(self.get(*names))
        if not isinstance(value, list):
            raise self.error(f"expected a list under {_either(names)}, found {_short(value)}")
        return value


_SAID = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def said(value: Any) -> bool | None:
    """Whether true or false, 1 or 0, yes or no is said; None for anything else."""
    return _SAID.get(str(value).strip().lower())


def unpacked(value: Any) -> Any:
    """The list or object that a text holds as JSON; anything else as it is.

    Tables keep lists so: '["a", "b"]' gives ["a", "b"].
    """
    if not isinstance(value, str) or value.strip()[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _either(names: Sequence[str]) -> str:
    return " or ".join(f"'{name}'" for name in names)


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def read_text(path: Path) -> str:
    """A file's text, UTF-8 with or without a byte-order mark, compressed if its name ends in .gz.

    Raises DataError if it is missing, empty, or no such text.
    """
    content = _content(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(_wrong_encoding(path, content, error.start)) from error
    if not text.strip():
        raise DataError(f"{path}: the file is empty; expected questions")
    return text


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.name.lower().endswith(".gz") else content
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except IsADirectoryError as error:
        raise DataError(f"{path}: expected a file, this is a folder") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: can't be decompressed, it may be cut off: {error}") from error
    except OSError as error:
        raise DataError(f"{path}: can't be read: {error.strerror}") from error


def _wrong_encoding(path: Path, content: bytes, at: int) -> str:
    line = content.count(b"\n", 0, at) + 1
    marked = content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    guess = "it looks like UTF-16" if marked else f"byte {at} is not"
    return f"{path}, line {line}: expected UTF-8 text, {guess}; convert the file to UTF-8"


def read_json(path: Path) -> list[Record]:
    """Records of a JSON list, of JSON lines (whatever the file is called), of an object that holds
    its list under "data", or of a single object.
    """
    text = read_text(path)
    if text.lstrip().startswith("["):
        return _listed(path, _parse(path, text))
    try:
        records = _lines(path, text)
    except DataError as not_lines:
        try:
            records = [_record(str(path), json.loads(text))]
        except (ValueError, RecursionError):
            raise not_lines from None
    inner = _inner(records[0].fields) if len(records) == 1 else None
    return records if inner is None else _listed(path, inner)


def _inner(fields: Mapping[str, Any]) -> Sequence[Any] | None:
    """The list of records that an object holds, if it holds one."""
    lists = (fields[name] for name in _LIST_FIELDS if isinstance(fields.get(name), list))
    return next(lists, None)


def _parse(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        unfinished = error.msg.startswith("Unterminated string")
        at_the_end = unfinished or error.pos >= len(text.rstrip()) - 1
        end = "; the file may be cut off" if at_the_end else ""
        raise DataError(
            f"{path}, line {error.lineno}, column {error.colno}: not JSON: {error.msg}{end}"
        ) from error
    except (ValueError, RecursionError) as error:  # an endless number, too deep a nesting
        raise DataError(f"{path}: not JSON that can be read: {error}") from error


def _listed(path: Path, values: Sequence[Any]) -> list[Record]:
    if not values:
        raise DataError(f"{path}: the list is empty; expected questions")
    return [_record(f"{path}, record {i}", value) for i, value in enumerate(values, 1)]


def _lines(path: Path, text: str) -> list[Record]:
    lines = text.split("\n")  # not splitlines: texts may hold U+2028
    last = max(i for i, line in enumerate(lines, 1) if line.strip())
    records = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            where = f"{path}, line {number}"
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                cut = "; the file may be cut off" if number == last else ""
                raise DataError(f"{where}: not JSON: {error}{cut}") from error
            records.append(_record(where, value))
    return records


def _record(where: str, value: Any) -> Record:
    if not isinstance(value, dict):
        raise DataError(f"{where}: expected an object with fields, found {_short(value)}")
    return Record(where, value)


def _other_columns(row: Mapping[Any, Any], header: Sequence[str]) -> str:
    """What is wrong with a row that has more cells than the header, or fewer."""
    more = len(row[None]) if None in row else 0
    found = len(header) + more - list(row.values()).count(None)
    told = f"expected {len(header)} columns as in the header line, found {found}"
    return f"{told}; a text that holds the separator needs quotes" if more else told


def read_csv(path: Path) -> list[Record]:
    """Records of a CSV (or, by its name, TSV) file with a header line."""
    text = read_text(path)
    delimiter = "\t" if ".tsv" in path.suffixes else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records = []
    try:
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            if None in row or None in row.values():
                raise DataError(f"{where}: {_other_columns(row, reader.fieldnames or ())}")
            records.append(Record(where, row))
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.reader.line_num}: not CSV: {error}") from error
    if not records:
        raise DataError(f"{path}: there is only a header line; expected questions")
    return records
