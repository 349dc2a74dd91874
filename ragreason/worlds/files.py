"""Worlds as folders.

    DIR/documents/        what is indexed: Markdown files, or one documents.jsonl (id, title, text)
    DIR/questions.jsonl   one question a line, gold included
    DIR/facts.jsonl       one fact a line, with the title of the document that states it
    DIR/world.json        a generated world's seed and sizes; absent in one written by hand

Index `DIR/documents`, never `DIR`: the other files hold the answers.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ragreason.errors import ConfigError, DataError
from ragreason.worlds.world import Document, Fact, World, WorldQuestion

RECIPE = "world.json"


def check_target(folder: Path) -> None:
    """Raise ConfigError where writing a world would mix it with files that are no world's."""
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file; give a folder to write")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / RECIPE).is_file():
        raise ConfigError(
            f"{folder} holds other files; give an empty folder, or an earlier world's"
        )


def summarize(world: World, hops: tuple[int, int]) -> dict[str, Any]:
    """What `world.json` says: seed, sizes, and how many questions there are of each sort."""
    return {
        "version": 1,
        "seed": world.seed,
        "hops": list(hops),
        "questions": len(world.questions),
        "documents": len(world.documents),
        "facts": sum(len(d.facts) for d in world.documents),
        "by_type": dict(sorted(Counter(q.type for q in world.questions).items())),
        "by_hops": dict(sorted(Counter(str(q.hops) for q in world.questions).items())),
    }


def write_world(world: World, folder: Path, hops: tuple[int, int]) -> None:
    """Write a world under `folder`, replacing an earlier one's files. Same world, same bytes."""
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    documents = ({"id": d.id, "title": d.title, "text": d.text} for d in world.documents)
    facts = ({"document": d.title, **f.model_dump()} for d in world.documents for f in d.facts)
    questions = (q.model_dump(mode="json", exclude_none=True) for q in world.questions)
    _write_lines(folder / "documents" / "documents.jsonl", documents)
    _write_lines(folder / "facts.jsonl", facts)
    _write_lines(folder / "questions.jsonl", questions)
    text = json.dumps(summarize(world, hops), indent=2) + "\n"
    (folder / RECIPE).write_text(text, encoding="utf-8", newline="\n")


def read_world(folder: Path) -> World:
    """The world in a folder, with its facts. Raises DataError naming file and line."""
    facts: dict[str, list[Fact]] = {}
    for place, row in _read_lines(folder / "facts.jsonl"):
        try:
            title = row.pop("document")
            facts.setdefault(title, []).append(Fact.model_validate(row))
        except (KeyError, ValidationError) as error:
            keys = "document, subject, relation, object"
            raise DataError(f"{place}: not a fact; expected the keys {keys}") from error
    documents = [
        document.model_copy(update={"facts": tuple(facts.pop(document.title, ()))})
        for document in read_documents(folder / "documents")
    ]
    if facts:
        raise DataError(
            f"{folder / 'facts.jsonl'}: no document has the title '{next(iter(facts))}'"
        )
    questions = read_questions(folder / "questions.jsonl")
    return World(documents=tuple(documents), questions=tuple(questions))


def read_documents(folder: Path) -> list[Document]:
    """The documents of a world, without facts, by file name. Raises DataError."""
    documents = [_read_markdown(path) for path in sorted(folder.glob("*.md"))]
    for path in sorted(folder.glob("*.jsonl")):
        for place, row in _read_lines(path):
            try:
                documents.append(Document.model_validate(row))
            except ValidationError as error:
                raise DataError(f"{place}: expected the keys id, title, text") from error
    if not documents:
        raise DataError(f"no documents in {folder}; expected .md files or documents.jsonl")
    return documents


def read_questions(path: Path) -> list[WorldQuestion]:
    """The questions of a world, gold included. Raises DataError naming file and line."""
    questions = []
    for place, row in _read_lines(path):
        try:
            questions.append(WorldQuestion.model_validate(row))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise DataError(f"{place}: not a question; {field}: {first['msg']}") from error
    return questions


def _read_markdown(path: Path) -> Document:
    heading, _, text = path.read_text(encoding="utf-8").partition("\n")
    if not heading.startswith("# "):
        raise DataError(f"{path}:1: expected '# Title', got '{heading[:40]}'")
    return Document(id=path.stem, title=heading[2:].strip(), text=text.strip())


def _read_lines(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Each line's place (file:line) and object."""
    if not path.is_file():
        raise DataError(
            f"no such file: {path}; a world has documents/, questions.jsonl, facts.jsonl"
        )
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(f"{path}:{number}: not JSON: {error.msg}") from error
        if not isinstance(row, dict):
            raise DataError(f"{path}:{number}: expected an object")
        rows.append((f"{path}:{number}", row))
    return rows


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
