"""Worlds of our own: a folder with `questions.jsonl` and `documents/` (Markdown or JSON lines).

A question names its supporting documents by title or by id. A document that is short enough to stay
one passage in an index has the id computed here, so gold ids agree with those of any such index.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from ragreason.datasets.example import Dataset, Example, Gold, paragraph
from ragreason.datasets.files import Origin
from ragreason.datasets.records import Record, read_json, read_text
from ragreason.errors import DataError
from ragreason.types import Passage, Question

QUESTIONS = "questions.jsonl"
DOCUMENTS = "documents"


def load_world(origin: Origin) -> Dataset:
    """A world's folder, or its `questions.jsonl`. The documents are the dataset's corpus."""
    path = origin.path
    folder, file = (path, path / QUESTIONS) if path.is_dir() else (path.parent, path)
    documents = _documents(folder / DOCUMENTS)
    named = {p.title: p for p in documents.values()} | documents
    examples = tuple(_example(r, named) for r in read_json(file))
    return Dataset("world", path, examples, tuple(documents.values()))


def is_world(record: Record) -> bool:
    """Whether the record is a world's question: it names its `supporting` documents."""
    return "question" in record.fields and "supporting" in record.fields


def _example(record: Record, named: Mapping[str, Passage]) -> Example:
    gold = Gold(
        answers=(record.text("answer"), *record.texts("aliases")),
        support_ids=tuple(_support(record, named)),
        type=str(record.fields.get("type", "")),
        hops=record.whole("hops"),
        answerable=record.flag("answerable", default=True),
    )
    question = Question(id=record.text("id"), text=record.text("question"))
    return Example(question=question, gold=gold)


def _support(record: Record, named: Mapping[str, Passage]) -> Iterator[str]:
    """`named` has documents by title and by id, which goes before a title that is the same."""
    for name in record.texts("supporting"):
        if name not in named:
            raise record.error(f"no document has the title or id '{name}' of 'supporting'")
        yield named[name].id


def _documents(folder: Path) -> dict[str, Passage]:
    """By document id: the file's name, or the record's `id`."""
    found = {path.stem: _markdown(path) for path in sorted(folder.glob("*.md"))}
    for path in sorted(folder.glob("*.jsonl")):
        for r in read_json(path):
            found[r.text("id")] = paragraph(_title(r), r.text("text").strip())
    if not found:
        raise DataError(f"{folder}: expected a world's documents, .md or .jsonl files; none found")
    return found


def _title(record: Record) -> str:
    title = record.get("title")
    if not isinstance(title, str):
        raise record.error("expected a text under 'title'")
    return title


def _markdown(path: Path) -> Passage:
    heading, _, body = read_text(path).strip().partition("\n")
    if not heading.startswith("# "):
        raise DataError(f"{path}, line 1: expected '# Title', found '{heading[:40]}'")
    return paragraph(heading[2:].strip(), body.strip())
