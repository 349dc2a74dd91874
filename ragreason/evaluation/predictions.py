"""Recorded predictions: in the official formats of HotpotQA, 2WikiMultihopQA and MuSiQue, as a
run's rows, or as plain answers by id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ragreason.datasets import Dataset, Example
from ragreason.datasets.records import Record, read_json
from ragreason.errors import DataError
from ragreason.evaluation.metrics.facts import cited_facts
from ragreason.evaluation.rows import is_error
from ragreason.evaluation.store import RESULTS, read_rows
from ragreason.types import Citation

_IDS = ("id", "_id", "qid")
_ANSWERS = ("predicted_answer", "prediction", "predicted", "pred", "answer")
_PARTS = ("answer", "sp", "evidence")


@dataclass(frozen=True)
class Predictions:
    """What was predicted, by question id. `rows` are those of MuSiQue's official format."""

    answers: Mapping[str, str]
    facts: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)
    evidence: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    rows: Sequence[Mapping[str, Any]] = ()

    @property
    def ids(self) -> set[str]:
        """Every id that anything was predicted for."""
        named = {str(row["id"]) for row in self.rows}
        return named.union(self.answers, self.facts, self.evidence)


def read_predictions(path: Path, dataset: Dataset) -> Predictions:
    """Predictions of any of the formats, told apart by looking; a run's folder stands for its rows.

    Raises DataError for a file in none of them, with its place.
    """
    records = _rows(path) if path.is_dir() else read_json(path)
    if len(records) == 1 and isinstance(records[0].fields.get("answer"), dict):
        return _official(records[0])
    if all("predicted_support_idxs" in r.fields for r in records):
        return _musique(records)
    if all({"id", "status", "retrieved"} <= r.fields.keys() for r in records):
        return _of_run(records, dataset)
    if len(records) == 1 and not any(name in records[0].fields for name in (*_IDS, *_ANSWERS)):
        return Predictions(_texts(records[0], records[0].fields))
    return Predictions(dict(_plain(record) for record in records))


def _rows(folder: Path) -> list[Record]:
    """A run's rows, as whoever resumes it reads them."""
    found = [Record(f"{folder}, question '{row['id']}'", row) for row in read_rows(folder)]
    if not found:
        raise DataError(f"{folder}: expected a run's folder, with rows in its {RESULTS}")
    return found


def _official(record: Record) -> Predictions:
    parts = {name: record.fields.get(name) or {} for name in _PARTS}
    for name, part in parts.items():
        if not isinstance(part, dict):
            raise record.error(f"expected '{name}' as an object of predictions by question id")
    facts = {
        i: [(title, number) for title, number in _lists(record, "sp", i, value, 2)]
        for i, value in parts["sp"].items()
    }
    evidence = {
        i: _lists(record, "evidence", i, value, 3) for i, value in parts["evidence"].items()
    }
    return Predictions(_texts(record, parts["answer"]), facts, evidence)


def _lists(record: Record, part: str, name: str, value: Any, length: int) -> list[list[Any]]:
    if not isinstance(value, list) or not all(
        isinstance(one, list) and len(one) == length and all(map(_is_plain, one)) for one in value
    ):
        raise record.error(f"expected '{part}' of '{name}' as lists of {length}")
    return value


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int)


def _texts(record: Record, answers: Mapping[str, Any]) -> dict[str, str]:
    wrong = next((i for i, text in answers.items() if not isinstance(text, str)), None)
    if wrong is not None:
        raise record.error(f"expected a text as the answer to '{wrong}'")
    return dict(answers)


def _musique(records: Sequence[Record]) -> Predictions:
    for record in records:
        record.text("id")
        if not isinstance(record.get("predicted_answer"), str):
            raise record.error("expected a text under 'predicted_answer'")
        numbers = record.list("predicted_support_idxs")
        if not all(isinstance(n, int) for n in numbers):
            raise record.error("expected numbers under 'predicted_support_idxs'")
    rows = [record.fields for record in records]
    return Predictions({str(row["id"]): row["predicted_answer"] for row in rows}, rows=rows)


def _of_run(records: Sequence[Record], dataset: Dataset) -> Predictions:
    """The rows of the run's lowest seed that are no errors; facts are what their citations quote.

    Not of the seed that comes first: which row is written first is a matter of time.
    """
    examples = {example.question.id: example for example in dataset.examples}
    seed = min(r.fields.get("seed") or 0 for r in records)
    of_seed = (r.fields for r in records if (r.fields.get("seed") or 0) == seed)
    rows = [row for row in of_seed if not is_error(row)]
    answers = {str(row["id"]): str(row["answer"]) for row in rows}
    facts = {i: _cited(row, examples[i]) for row in rows if (i := str(row["id"])) in examples}
    return Predictions(answers, facts, rows=[_as_musique(row, examples) for row in rows])


def _cited(row: Mapping[str, Any], example: Example) -> Sequence[tuple[str, int]]:
    return cited_facts([Citation.model_validate(c) for c in row["citations"]], example)


def _as_musique(row: Mapping[str, Any], examples: Mapping[str, Example]) -> dict[str, Any]:
    example = examples.get(str(row["id"]))
    cited = {citation["passage_id"] for citation in row["citations"]}
    passages = example.passages if example is not None else ()
    return {
        "id": str(row["id"]),
        "predicted_answer": str(row["answer"]),
        "predicted_support_idxs": [n for n, p in enumerate(passages) if p.id in cited],
        "predicted_answerable": not row["abstained"],
    }


def _plain(record: Record) -> tuple[str, str]:
    value = record.get(*_ANSWERS)
    if not isinstance(value, str):
        raise record.error("expected a text as the answer")
    return record.text(*_IDS), value
