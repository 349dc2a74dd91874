"""Worlds of our own: a folder with `questions.jsonl` and `documents/` (Markdown or JSON lines).

A question names its supporting documents by title. A document that is short enough to stay one
passage in an index has the id computed here, so gold ids agree with those of any such index.
"""

from pathlib import Path

from ragreason.datasets.example import Dataset, Example, Gold, ids_of, paragraph
from ragreason.datasets.records import Record, read_json, read_text
from ragreason.errors import DataError
from ragreason.types import Passage, Question

QUESTIONS = "questions.jsonl"
DOCUMENTS = "documents"


def load_world(path: Path) -> Dataset:
    """A world's folder, or its `questions.jsonl`. The documents are the dataset's corpus."""
    folder, file = (path, path / QUESTIONS) if path.is_dir() else (path.parent, path)
    documents = _documents(folder / DOCUMENTS)
    examples = tuple(_example(r, documents) for r in read_json(file))
    return Dataset("world", path, examples, documents)


def is_world(record: Record) -> bool:
    """Whether the record is a world's question: it names its `supporting` documents."""
    return "question" in record.fields and "supporting" in record.fields


def _example(record: Record, documents: tuple[Passage, ...]) -> Example:
    titles = record.texts("supporting")
    known = {p.title for p in documents}
    unknown = next((t for t in titles if t not in known), None)
    if unknown is not None:
        raise record.error(f"no document has the title '{unknown}' that 'supporting' names")
    gold = Gold(
        answers=(record.text("answer"), *record.texts("aliases")),
        support_ids=ids_of(documents, titles),
        type=str(record.fields.get("type", "")),
        hops=int(record.fields.get("hops", len(titles))),
    )
    question = Question(id=record.text("id"), text=record.text("question"))
    return Example(question=question, gold=gold)


def _documents(folder: Path) -> tuple[Passage, ...]:
    found = [_markdown(path) for path in sorted(folder.glob("*.md"))]
    for path in sorted(folder.glob("*.jsonl")):
        found += [paragraph(r.text("title"), r.text("text").strip()) for r in read_json(path)]
    if not found:
        raise DataError(f"{folder}: expected a world's documents, .md or .jsonl files; none found")
    return tuple(found)


def _markdown(path: Path) -> Passage:
    heading, _, body = read_text(path).strip().partition("\n")
    if not heading.startswith("# "):
        raise DataError(f"{path}, line 1: expected '# Title', found '{heading[:40]}'")
    return paragraph(heading[2:].strip(), body.strip())
