"""JSONL, JSON and CSV: one document a record, or the paragraphs of a question file."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from ragreason.corpus.document import Document
from ragreason.corpus.files import read_text
from ragreason.corpus.paragraphs import holds_paragraphs, load_paragraphs
from ragreason.errors import CorpusError
from ragreason.text.passages import mended
from ragreason.types import Scalar

Fields = Mapping[str, str]
_DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "_id", "doc_id", "docid"),
    "title": ("title",),
    "text": ("text", "contents", "content", "body"),
}
_GIVES_ANSWER_AWAY = frozenset(
    """answer answers answer_alias answer_aliases gold gold_answer supporting supporting_facts
    is_supporting evidence evidences decomposition question_decomposition facts answerable hasanswer
    isgold""".split()
)
_MAX_CSV_FIELD_CHARS = 2**31 - 1


def load_jsonl(path: Path, fields: Fields | None = None, *, whole: bool = False) -> list[Document]:
    """One document a line, or the paragraphs of a file of questions."""
    records = []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if line.strip():
            try:
                records.append(json.loads(line))
            except ValueError as error:
                raise CorpusError(f"{path}:{number}: not JSON: {error}") from error
    return from_records(records, str(path), fields, whole=whole)


def load_json(path: Path, fields: Fields | None = None, *, whole: bool = False) -> list[Document]:
    """A JSON list of records, as `load_jsonl`."""
    try:
        records = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{path}: not JSON: {error}") from error
    if not isinstance(records, list):
        raise CorpusError(f"{path}: expected a list of records, found a {_kind(records)}")
    return from_records(records, str(path), fields, whole=whole)


def load_csv(path: Path, fields: Fields | None = None, *, whole: bool = False) -> list[Document]:
    """One document a row; the first row names the fields. `.tsv` files are parted by tabs."""
    text = read_text(path)
    limit = csv.field_size_limit(_MAX_CSV_FIELD_CHARS)
    try:
        delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
        stream = io.StringIO(text, newline="")
        rows = list(csv.DictReader(stream, delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise CorpusError(f"{path}: not CSV: {error}") from error
    finally:
        csv.field_size_limit(limit)
    return from_records([_named(row) for row in rows], str(path), fields, whole=whole)


def from_records(
    records: Sequence[Any], source: str, fields: Fields | None = None, *, whole: bool = False
) -> list[Document]:
    """Documents of records with named fields; `fields` maps id, title, text to their names.

    All other fields with one value become metadata; NaN and infinity do not, nor does what would
    give an answer away. Records whose text is empty or null are left out. Raises CorpusError that
    names the fields there are.
    """
    if not fields and records and holds_paragraphs(records[0]):
        return load_paragraphs(records, source)
    _check_fields(fields or {}, source)
    documents = []
    for number, record in enumerate(records, 1):
        if not isinstance(record, Mapping):
            raise CorpusError(f"{source}: record {number} is a {_kind(record)}, expected an object")
        document = _document(record, number, source, fields or {}, whole)
        if document.text.strip():
            documents.append(document)
    return documents


def _document(
    record: Mapping[str, Any], number: int, source: str, fields: Fields, whole: bool
) -> Document:
    names = {role: _field(record, role, fields) for role in _DEFAULTS}
    if not any(name in record for name in _candidates("text", fields)):
        raise CorpusError(
            f"{source}: record {number} has no field '{fields.get('text', 'text')}'; it has "
            f"{_listed(record)}; name the right one: --fields text=NAME"
        )
    own = {role: _string(record[name]) for role, name in names.items() if name is not None}
    metadata: dict[str, Scalar] = {
        str(name): mended(value) if isinstance(value, str) else value
        for name, value in record.items()
        if name not in names.values()
        and str(name).casefold() not in _GIVES_ANSWER_AWAY
        and isinstance(value, str | int | float | bool)
        and (not isinstance(value, float) or isfinite(value))
    }
    key = own.get("id") or str(number)
    return Document(
        f"{source}#{key}", source, own.get("title", ""), own.get("text", ""), (), metadata, whole
    )


def _field(record: Mapping[str, Any], role: str, fields: Fields) -> str | None:
    found = (n for n in _candidates(role, fields) if record.get(n) is not None)
    return next(found, None)


def _candidates(role: str, fields: Fields) -> Sequence[str]:
    return (fields[role],) if role in fields else _DEFAULTS[role]


def _check_fields(fields: Fields, source: str) -> None:
    unknown = sorted(set(fields) - set(_DEFAULTS))
    if unknown:
        known = ", ".join(_DEFAULTS)
        raise CorpusError(f"{source}: --fields can name {known}, not '{unknown[0]}'")


def _named(row: Mapping[str | None, Any]) -> dict[str, str | None]:
    """The row without cells beyond the header; those that are missing or empty are None."""
    return {name: cell or None for name, cell in row.items() if name}


def _string(value: Any) -> str:
    return mended(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _listed(record: Mapping[str, Any]) -> str:
    return ", ".join(f"'{name}'" for name in list(record)[:12]) or "none"


def _kind(value: Any) -> str:
    names = {dict: "JSON object", list: "list", str: "text", int: "number", float: "number"}
    return names.get(type(value), type(value).__name__)
