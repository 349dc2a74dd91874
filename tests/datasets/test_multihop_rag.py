"""MultiHop-RAG, with and without its articles."""

import json
from pathlib import Path
from typing import Any

import pytest

from ragreason.datasets import load_dataset
from ragreason.errors import DataError
from ragreason.text.passages import passage_id

ROWS: list[dict[str, Any]] = [
    {
        "query": "Who rows and sings?",
        "answer": "Ilse",
        "question_type": "inference_query",
        "evidence_list": [
            {"title": "Rowing", "fact": "Ilse rows.", "source": "Daily"},
            {"title": "Singing", "fact": "Ilse sings.", "source": "Weekly"},
            {"title": "Rowing", "fact": "She won.", "source": "Daily"},
        ],
    },
    {
        "query": "Who flies?",
        "answer": "Insufficient information.",
        "question_type": "null_query",
        "evidence_list": [],
    },
]


def write(folder: Path, rows: Any = ROWS) -> str:
    (folder / "questions.json").write_text(json.dumps(rows), encoding="utf-8")
    return str(folder / "questions.json")


def test_without_articles_the_facts_of_all_questions_are_the_corpus(tmp_path: Path) -> None:
    dataset = load_dataset(write(tmp_path))
    one, none = dataset.examples
    assert (dataset.name, one.question.id, one.gold.hops) == ("multihop_rag", "1", 2)
    assert [p.text for p in dataset.passages] == ["Ilse rows.", "Ilse sings.", "She won."]
    assert one.gold.support_ids == tuple(p.id for p in dataset.passages)
    assert (none.gold.answerable, none.gold.support_ids) == (False, ())


def test_with_articles_they_are_what_is_needed(tmp_path: Path) -> None:
    articles = [
        {"title": title, "body": f"All about {title}.", "url": "x"}
        for title in ("Flying", "Rowing", "Singing")
    ]
    (tmp_path / "corpus.json").write_text(json.dumps(articles), encoding="utf-8")
    dataset = load_dataset(write(tmp_path))
    assert [p.title for p in dataset.passages] == ["Flying", "Rowing", "Singing"]
    assert dataset.examples[0].gold.support_ids == tuple(
        passage_id(title, f"All about {title}.") for title in ("Rowing", "Singing")
    )
    assert dataset.examples[0].passages == ()


def test_a_broken_fact_is_named(tmp_path: Path) -> None:
    row = {**ROWS[0], "evidence_list": [{"title": "Rowing"}]}
    with pytest.raises(DataError, match="record 1: expected texts 'title' and 'fact'"):
        load_dataset(write(tmp_path, [row]))
