"""Whole prediction files against what the official scripts print for them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ragreason.datasets import Example, load_dataset
from ragreason.errors import DataError
from ragreason.evaluation.answers import AnswerScore
from ragreason.evaluation.official import (
    hotpotqa_metrics,
    joint,
    musique_metrics,
    wikimultihop_metrics,
)

Score = Callable[[Any, Sequence[Example]], dict[str, float]]


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "sample", "count", "score"),
    [
        ("hotpotqa", "train_sample.json", 100, hotpotqa_metrics),
        ("2wikimultihopqa", "train_sample.json", 120, wikimultihop_metrics),
        ("musique", "train_sample.jsonl", 100, musique_metrics),
    ],
)
def test_whole_files_are_reproduced_exactly(
    data: Path, name: str, sample: str, count: int, score: Score
) -> None:
    recorded = json.loads((data / f"metrics/{name}_file.json").read_text(encoding="utf-8"))
    examples = load_dataset(f"{name}:{data / name / sample}").examples[:count]
    assert score(recorded["predictions"], examples) == recorded["expected"]


def test_joint_multiplies_precision_and_recall_before_f1() -> None:
    half, full = AnswerScore(0.0, 0.5, 0.5, 0.5), AnswerScore(1.0, 1.0, 1.0, 1.0)
    assert joint(half, full) == AnswerScore(0.0, 0.5, 0.5, 0.5)
    assert joint(half, half) == AnswerScore(0.0, 0.25, 0.25, 0.25)
    assert joint(AnswerScore(0.0, 0.0, 0.0, 0.0), full).f1 == 0.0


@pytest.mark.data
def test_a_question_without_prediction_scores_zero_but_counts(data: Path) -> None:
    examples = load_dataset(f"hotpotqa:{data / 'hotpotqa/train_sample.json'}").examples[:4]
    first = examples[0]
    predictions = {"answer": {first.question.id: first.gold.answers[0]}, "sp": {}}
    metrics = hotpotqa_metrics(predictions, examples)
    assert (metrics["em"], metrics["sp_f1"], metrics["joint_f1"]) == (0.25, 0.0, 0.0)


@pytest.mark.data
def test_musique_refuses_missing_rows(data: Path) -> None:
    examples = load_dataset(f"musique:{data / 'musique/train_sample.jsonl'}").examples[:1]
    with pytest.raises(DataError, match="no prediction for question"):
        musique_metrics([], examples)
