"""Questions of one's own: JSON, JSON lines, CSV or TSV, with a map from our fields to the file's.

Bamboogle is such a file. A field map looks like {"question": "Query", "answer": "Gold"}; what it
leaves out is looked for under the names in `USUAL`. Only what is listed there is read: any other
column stays out of the question.
"""

from collections.abc import Mapping

from ragreason.datasets.example import Dataset, Example, Gold
from ragreason.datasets.files import Origin
from ragreason.datasets.records import Record, unpacked
from ragreason.errors import UnknownNameError
from ragreason.text.passages import mended
from ragreason.types import Question

USUAL: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "_id", "qid", "ID"),
    "question": ("question", "Question", "query", "input"),
    "answer": ("answer", "Answer", "answers", "gold", "target"),
    "aliases": ("aliases", "answer_aliases"),
    "type": ("type", "question_type"),
    "hops": ("hops",),
    "answerable": ("answerable",),
}


def load_generic(origin: Origin, fields: Mapping[str, str] | None = None) -> Dataset:
    """Any file with at least a question and an answer a record.

    An answer is a text or a list of texts (the first, then aliases); `id` is the record's number
    from 1 if the file has none. A question that is not `answerable` needs no answer. Raises
    DataError, and UnknownNameError for a field that isn't ours.
    """
    return load_table("generic", origin, fields)


def load_bamboogle(origin: Origin) -> Dataset:
    """Bamboogle's CSV: `Question`, `Answer`; two hops each, no passages."""
    return load_table("bamboogle", origin, None, hops=2)


def load_table(
    name: str, origin: Origin, fields: Mapping[str, str] | None = None, hops: int = 0
) -> Dataset:
    """The generic loader under a dataset's own name; `hops` where the file has no such field."""
    for field in fields or {}:
        if field not in USUAL:
            raise UnknownNameError("dataset field", field, USUAL)
    names = {**USUAL, **{ours: (theirs,) for ours, theirs in (fields or {}).items()}}
    examples = [_example(r, str(i), names, hops) for i, r in enumerate(origin.records, 1)]
    return Dataset(name, origin.path, tuple(examples))


def _example(
    record: Record, number: str, names: Mapping[str, tuple[str, ...]], hops: int
) -> Example:
    has_id = any(n in record.fields for n in names["id"])
    answerable = record.flag(*names["answerable"], default=True)
    needed = answerable or any(record.fields.get(n) for n in names["answer"])
    answers = _answers(record, names["answer"]) if needed else ()
    gold = Gold(
        answers=(*answers, *_aliases(record, names["aliases"])),
        type=_optional(record, names["type"]),
        hops=_hops(record, names["hops"], hops),
        answerable=answerable,
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
    listed = unpacked(value)
    if isinstance(listed, list):
        if not listed or not all(isinstance(v, str) and v.strip() for v in listed):
            raise record.error(f"expected texts in the list under '{names[0]}'")
        return tuple(map(mended, listed))
    return (record.text(*names).strip(),)


def _aliases(record: Record, names: tuple[str, ...]) -> tuple[str, ...]:
    name = next((n for n in names if n in record.fields), None)
    if name is None:
        return ()
    value = unpacked(record.fields[name])
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split("|") if part.strip())
    return record.texts(name)


def _optional(record: Record, names: tuple[str, ...]) -> str:
    value = next((record.fields[n] for n in names if n in record.fields), None)
    return "" if value is None else str(value)


def _hops(record: Record, names: tuple[str, ...], otherwise: int) -> int:
    found = _optional(record, names)
    if found and not found.isdecimal():
        raise record.error(f"expected a whole number under '{names[0]}', found {found!r}")
    return int(found) if found else otherwise
