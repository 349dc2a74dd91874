"""Any dataset as a world's folder: questions in one file, what is indexed in another."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ragreason.datasets.example import Dataset, Example
from ragreason.datasets.world import DOCUMENTS, QUESTIONS
from ragreason.errors import DataError


def write_world(dataset: Dataset, folder: Path, limit: int | None = None) -> int:
    """Write the first `limit` questions and the whole corpus; gives the number of questions.

    Supports are named by passage id, since titles may repeat. Passages without text can't be
    indexed and are left out. Raises DataError for a folder that has something else in it, and for
    a dataset without passages.
    """
    passages = [p for p in dataset.passages if p.text]
    if not passages:
        raise DataError(f"{dataset.path}: '{dataset.name}' has no passages, a world needs them")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder}: expected a new or an empty folder")
    examples = dataset.examples[:limit]
    unanswered = next((e for e in examples if not e.gold.answers), None)
    if unanswered is not None:
        raise DataError(
            f"{dataset.path}: question '{unanswered.question.id}' has no answer, a world needs one"
        )
    (folder / DOCUMENTS).mkdir(parents=True, exist_ok=True)
    documents = ({"id": p.id, "title": p.title, "text": p.text} for p in passages)
    known = {p.id for p in passages}
    _write(folder / DOCUMENTS / "documents.jsonl", documents)
    _write(folder / QUESTIONS, (_question(example, known) for example in examples))
    return len(examples)


def _question(example: Example, known: set[str]) -> dict[str, Any]:
    gold = example.gold
    return {
        "id": example.question.id,
        "question": example.question.text,
        "answer": gold.answers[0],
        "aliases": list(gold.answers[1:]),
        "type": gold.type,
        "hops": gold.hops,
        "answerable": gold.answerable,
        "supporting": [i for i in gold.support_ids if i in known],
    }


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
