"""Questions of one's own: JSON, JSON lines, CSV or TSV, with a map from our fields to the file's.

Bamboogle is such a file. A field map looks like {"question": "Query", "answer": "Gold"}; what it
leaves out is looked for under the names in `USUAL`. Only what is listed there is read: any other
column stays out of the question.
"""

from collections.abc import Mapping
from pathlib import Path

from ragreason.datasets.example import Dataset, Example, Gold
from ragreason.datasets.records import Record, read_csv, read_json
from ragreason.errors import UnknownNameError
from ragreason.types import Question

USUAL: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "_id", "qid", "ID"),
    "question": ("question", "Question", "query", "input"),
    "answer": ("answer", "Answer", "answers", "gold", "target"),
    "aliases": ("aliases", "answer_aliases"),
    "type": ("type", "question_type"),
    "hops": ("hops",),
}
_TABLES = (".csv", ".tsv")


def load_generic(path: Path, fields: Mapping[str, str] | None = None) -> Dataset:
    """Any file with at least a question and an answer a record.

    An answer is a text or a list of texts (the first, then aliases); `id` is the record's number
    from 1 if the file has none. Raises DataError, and UnknownNameError for a field that isn't ours.
    """
    return load_table("generic", path, fields)


def load_bamboogle(path: Path) -> Dataset:
    """Bamboogle's CSV: `Question`, `Answer`; two hops each, no passages."""
    return load_table("bamboogle", path, None, hops=2)


def load_table(
    name: str, path: Path, fields: Mapping[str, str] | None = None, hops: int = 0
) -> Dataset:
    """The generic loader under a dataset's own name; `hops` where the file has no such field."""
    for field in fields or {}:
        if field not in USUAL:
            raise UnknownNameError("dataset field", field, USUAL)
    names = {**USUAL, **{ours: (theirs,) for ours, theirs in (fields or {}).items()}}
    records = read_csv(path) if path.suffix.lower() in _TABLES else read_json(path)
    examples = [_example(r, str(i), names, hops) for i, r in enumerate(records, 1)]
    return Dataset(name, path, tuple(examples))


def _example(
    record: Record, number: str, names: Mapping[str, tuple[str, ...]], hops: int
) -> Example:
    has_id = any(n in record.fields for n in names["id"])
    gold = Gold(
        answers=(*_answers(record, names["answer"]), *_aliases(record, names["aliases"])),
        type=_optional(record, names["type"]),
        hops=_hops(record, names["hops"], hops),
    )
    question = Question(
        id=record.text(*names["id"]) if has_id else number,
        text=record.text(*names["question"]).strip(),
    )
    return Example(question=question, gold=gold)


def _answers(record: Record, names: tuple[str, ...]) -> tuple[str, ...]:
    value = record.get(*names)
    if isinstance(value, bool):
        return ("yes" if value else "no",)
    if isinstance(value, list):
        if not value or not all(isinstance(v, str) and v.strip() for v in value):
            raise record.error(f"expected texts in the list under '{names[0]}'")
        return tuple(value)
    return (record.text(*names).strip(),)


def _aliases(record: Record, names: tuple[str, ...]) -> tuple[str, ...]:
    name = next((n for n in names if n in record.fields), None)
    if name is None:
        return ()
    value = record.fields[name]
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split("|") if part.strip())
    return record.texts(name)


def _optional(record: Record, names: tuple[str, ...]) -> str:
    return str(next((record.fields[n] for n in names if n in record.fields), ""))


def _hops(record: Record, names: tuple[str, ...], otherwise: int) -> int:
    found = _optional(record, names)
    if found and not found.isdigit():
        raise record.error(f"expected a whole number under '{names[0]}', found {found!r}")
    return int(found) if found else otherwise
