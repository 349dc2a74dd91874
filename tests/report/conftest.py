"""Rows, runs and folders of them, as evaluations write them."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ragreason.evaluation.compare import recorded
from ragreason.evaluation.passages import Text
from ragreason.evaluation.rows import METRICS, Row
from ragreason.evaluation.summary import summarise
from ragreason.report.gather import Told, told
from ragreason.types import Usage

MakeRow = Callable[..., Row]
MakeTold = Callable[..., Told]
MakeFolder = Callable[..., Path]


def make_row(position: int = 0, /, **fields: Any) -> Row:
    """A wrong answer of a question whose two supports "s1" and "s2" were retrieved."""
    right = fields.pop("right", 0.0)
    row: Row = {
        "position": position,
        "id": f"q{position}",
        "question": f"Who built tower {position}?",
        "gold": ["Ilse Brand"],
        "support_ids": ["s1", "s2"],
        "type": "bridge" if position % 2 else "comparison",
        "hops": 2 + position % 3,
        "answer": "Ilse Brand" if right else "Otto Venn",
        "cited": "",
        **dict.fromkeys(METRICS, right),
        "support_recall": 1.0,
        "support_all": 1.0,
        "citations": [],
        "retrieved": ["s1", "x", "s2"],
        "usage": Usage(
            prompt_tokens=100 + 10 * position, completion_tokens=5, calls=2, retrievals=1
        ).model_dump(),
        "status": "ok",
        "forced_by": "",
        "abstained": False,
        "latency_s": 1.5,
        "first_token_s": None,
        "error": "",
        "trace": [
            {
                "kind": "search",
                "node": "retrieve",
                "query": "tower builder",
                "titles": ["Tower", "Other", "Brand"],
                "ids": ["s1", "x", "s2"],
                "scores": [0.9, 0.5, None],
                "text": "",
            },
            {
                "kind": "verdict",
                "node": "judge",
                "query": "",
                "titles": [],
                "text": "half of it",
                "score": 0.25,
                "label": "partial",
                "missing": ["when it was built"],
            },
        ],
        "session": "1",
        "session_s": 1.0,
        **fields,
    }
    if row["status"] == "error":
        row |= {**dict.fromkeys(METRICS), "answer": None, "error": row["error"] or "Boom: gone"}
    return row


TEXTS = {
    "s1": Text("Tower", "The tower was built by Ilse Brand in 1901."),
    "s2": Text("Ilse Brand (builder)", "Ilse Brand was a builder."),
    "x": Text("Other", "Something else."),
}


def summary_of(rows: Sequence[Row], graph: str = "react", **more: Any) -> dict[str, Any]:
    identity = {
        "graph": graph,
        "graph_hash": "0" * 16,
        "dataset": "own",
        "data_hash": "d" * 16,
        "key": f"key of {graph}",
        "offset": 0,
    }
    return summarise(rows, identity | more, [0])


@pytest.fixture(name="row")
def row_() -> MakeRow:
    return make_row


@pytest.fixture(name="run")
def run_() -> MakeTold:
    """A run of these rows with its passages' texts."""

    def make(rows: Sequence[Row], name: str = "react", texts: Mapping[str, Text] = TEXTS) -> Told:
        return told(recorded(name, summary_of(rows, name), rows), texts)

    return make


@pytest.fixture(name="folder")
def folder_(tmp_path: Path) -> MakeFolder:
    """A run folder of these rows."""

    def make(name: str, rows: Sequence[Row], **more: Any) -> Path:
        path = tmp_path / name
        path.mkdir(parents=True)
        lines = [json.dumps(row) + "\n" for row in rows]
        (path / "results.jsonl").write_text("".join(lines), encoding="utf-8")
        graph = more.pop("graph", name.rpartition("/")[2])
        summary = summary_of(rows, graph, **more)
        (path / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
        texts = [
            json.dumps({"id": i, "title": text.title, "text": text.text}) + "\n"
            for i, text in TEXTS.items()
        ]
        (path / "passages.jsonl").write_text("".join(texts), encoding="utf-8")
        return path

    return make
