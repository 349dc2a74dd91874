"""Recorded predictions of a dataset's questions, scored alone: no graph and no model takes part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragreason.datasets import Dataset, Example
from ragreason.errors import DataError
from ragreason.evaluation.metrics.accuracy import accuracy
from ragreason.evaluation.metrics.agreement import Agreement, agreement
from ragreason.evaluation.metrics.judge import Asked, judge_answers
from ragreason.evaluation.official import (
    Values,
    hotpotqa_metrics,
    hotpotqa_scores,
    musique_metrics,
    musique_scores,
    wikimultihop_metrics,
    wikimultihop_scores,
)
from ragreason.evaluation.predictions import Predictions, read_predictions
from ragreason.evaluation.scores import answer_score
from ragreason.evaluation.statistics import bootstrap_interval
from ragreason.protocols import Generator


@dataclass(frozen=True)
class Scored:
    """`values` holds one value a question and metric, in [0, 1]; `official` what the dataset's
    script prints, in its unit and rounding, where there is one. Questions without a prediction are
    `missing` and score 0; `unknown` ids are not the dataset's and count nowhere.
    """

    dataset: Dataset
    predictions: Predictions
    values: Values
    official: Mapping[str, float]
    missing: Sequence[str]
    unknown: Sequence[str]


def score_predictions(path: Path, dataset: Dataset) -> Scored:
    """Score a file, or a run's folder, against a dataset.

    HotpotQA, 2WikiMultihopQA and MuSiQue by their official scripts' metrics; others by EM, F1,
    precision and recall over the questions that can be answered, and by their own accuracy. Raises
    DataError for a file in no known format, and if no id is the dataset's.
    """
    predictions = read_predictions(path, dataset)
    ids = [example.question.id for example in dataset.examples]
    known = {*ids, *(i.partition("/")[0] for i in ids)} if dataset.name == "musique" else set(ids)
    given = predictions.ids
    if given.isdisjoint(known):
        raise DataError(
            f"{path} predicts nothing for the questions of {dataset.path}: its ids are like "
            f"'{min(given, default='')}', theirs like '{ids[0]}'"
        )
    missing = [i for i in ids if not {i, _base(i, dataset)} & given]
    values, official = _scores(predictions, dataset, missing)
    return Scored(dataset, predictions, values, official, missing, sorted(given - known))


def _base(name: str, dataset: Dataset) -> str:
    return name.partition("/")[0] if dataset.name == "musique" else name


def _scores(
    predictions: Predictions, dataset: Dataset, missing: Sequence[str]
) -> tuple[Values, Mapping[str, float]]:
    examples = dataset.examples
    if dataset.name == "musique" and predictions.rows:
        rows = [*predictions.rows, *map(_nothing, missing)]
        return musique_scores(rows, examples), musique_metrics(rows, examples)
    if dataset.name in ("hotpotqa", "2wikimultihopqa"):
        parts = {
            "answer": predictions.answers,
            "sp": predictions.facts,
            "evidence": predictions.evidence,
        }
        if dataset.name == "hotpotqa":
            return hotpotqa_scores(parts, examples), hotpotqa_metrics(parts, examples)
        return wikimultihop_scores(parts, examples), wikimultihop_metrics(parts, examples)
    return _plain_scores(predictions.answers, dataset), {}


def _nothing(name: str) -> dict[str, Any]:
    """The row of a MuSiQue question without a prediction: wrong in every way."""
    return {
        "id": name,
        "predicted_answer": "",
        "predicted_support_idxs": [],
        "predicted_answerable": None,
    }


def _plain_scores(answers: Mapping[str, str], dataset: Dataset) -> Values:
    found: Values = {}
    for example in dataset.examples:
        text = answers.get(example.question.id, "")
        score = answer_score(dataset.name, example, text)
        measured = dict(vars(score)) if score is not None else {}
        measured["accuracy"] = accuracy(dataset.name, text, example.gold.answers)
        for name, value in measured.items():
            if value is not None:
                found.setdefault(name, []).append(value)
    return found


def as_document(scored: Scored, *, seed: int = 0) -> dict[str, Any]:
    """The scores as plain JSON; `metrics` lie in [0, 1], with 95 % bootstrap intervals."""
    return {
        "dataset": scored.dataset.name,
        "data": str(scored.dataset.path),
        "n": len(scored.dataset.examples),
        "metrics": {
            name: {**bootstrap_interval(values, seed=seed)._asdict(), "n": len(values)}
            for name, values in scored.values.items()
            if values
        },
        "official": dict(scored.official),
        "missing": list(scored.missing),
        "unknown": list(scored.unknown),
    }


@dataclass(frozen=True)
class Judged:
    """What a judge said of each answerable question's answer, and how that agrees with EM."""

    right: Sequence[bool]
    with_em: Agreement


async def judge_scored(engine: Generator, scored: Scored) -> Judged:
    """Have a model judge every answer to a question that has gold and can be answered.

    Questions without a prediction are wrong. Raises VerifierError for a reply that can't be read.
    """
    chosen = [e for e in scored.dataset.examples if e.gold.answerable and e.gold.answers]
    asked = [_asked(example, scored) for example in chosen]
    right = await judge_answers(engine, asked)
    scores = [
        answer_score(scored.dataset.name, e, a.answer) for e, a in zip(chosen, asked, strict=True)
    ]
    return Judged(right, agreement(right, [s is not None and s.em == 1.0 for s in scores]))


def _asked(example: Example, scored: Scored) -> Asked:
    answers = scored.predictions.answers
    name = example.question.id
    text = answers.get(name, answers.get(_base(name, scored.dataset), ""))
    return Asked(example.question.text, example.gold.answers, text)
