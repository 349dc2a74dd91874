"""Whole prediction files, scored and rounded as each dataset's official script prints them.

HotpotQA and 2WikiMultihopQA predictions are {"answer": {id: text}, "sp": {id: [[title, n], ...]}},
2Wiki's with "evidence": {id: [[subject, relation, object], ...]}; MuSiQue's are rows with `id`,
`predicted_answer`, `predicted_support_idxs`. A question without a prediction scores 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ragreason.datasets import Example
from ragreason.errors import DataError
from ragreason.evaluation.answers import NOTHING, AnswerScore, score_answer
from ragreason.evaluation.supports import score_set
from ragreason.text.answers import strip_punctuation

_OFFICIAL = {"em": "em", "f1": "f1", "prec": "precision", "recall": "recall"}


def hotpotqa_metrics(
    predictions: Mapping[str, Any], examples: Sequence[Example]
) -> dict[str, float]:
    """em, f1, prec, recall, and the same as sp_* and joint_*: means in [0, 1], not rounded.

    Source: hotpot_evaluate_v1.py.
    """
    parts: dict[str, list[AnswerScore]] = {"": [], "sp_": [], "joint_": []}
    for example in examples:
        answer = _answer(predictions, example)
        facts = _facts(predictions, example)
        parts[""].append(answer or NOTHING)
        parts["sp_"].append(facts or NOTHING)
        parts["joint_"].append(joint(answer, facts) if answer and facts else NOTHING)
    return _means(parts)


def wikimultihop_metrics(
    predictions: Mapping[str, Any], examples: Sequence[Example]
) -> dict[str, float]:
    """HotpotQA's and evi_* for evidence triples, joint over all three: percent, two decimals.

    Source: 2wikimultihop_evaluate_v1.py.
    """
    parts: dict[str, list[AnswerScore]] = {"": [], "sp_": [], "evi_": [], "joint_": []}
    for example in examples:
        scores = (
            _answer(predictions, example),
            _facts(predictions, example),
            _evidence(predictions, example),
        )
        for prefix, score in zip(("", "sp_", "evi_"), scores, strict=True):
            parts[prefix].append(score or NOTHING)
        found = [s for s in scores if s]
        parts["joint_"].append(joint(*found) if len(found) == len(scores) else NOTHING)
    return {name: round(value * 100, 2) for name, value in _means(parts).items()}


def musique_metrics(
    predictions: Iterable[Mapping[str, Any]], examples: Sequence[Example]
) -> dict[str, float]:
    """answer_f1, answer_em, support_f1 over the answerable questions, three decimals.

    Source: evaluate_v1.0.py of MuSiQue. Raises DataError if a question has no prediction row.
    """
    rows = {str(row["id"]): row for row in predictions}
    answers, supports = [], []
    for example in (e for e in examples if e.gold.answerable):
        name = example.question.id
        row = rows.get(name) or rows.get(name.partition("/")[0])  # of two twins, the second
        if row is None:
            raise DataError(
                f"no prediction for question '{example.question.id}'; MuSiQue wants all"
            )
        answers.append(score_answer(row["predicted_answer"], example.gold.answers, "musique"))
        supports.append(score_set(row["predicted_support_idxs"], example.gold.support_idxs))
    return {
        "answer_f1": round(_mean(s.f1 for s in answers), 3),
        "answer_em": round(_mean(s.em for s in answers), 3),
        "support_f1": round(_mean(s.f1 for s in supports), 3),
    }


def joint(*scores: AnswerScore) -> AnswerScore:
    """Precisions, recalls and EMs multiplied; F1 of the products."""
    precision = recall = em = 1.0
    for score in scores:
        precision, recall, em = precision * score.precision, recall * score.recall, em * score.em
    both = precision + recall
    f1 = 2 * precision * recall / both if both else 0.0
    return AnswerScore(em=em, f1=f1, precision=precision, recall=recall)


def _answer(predictions: Mapping[str, Any], example: Example) -> AnswerScore | None:
    given = predictions.get("answer", {}).get(example.question.id)
    return None if given is None else score_answer(given, example.gold.answers)


def _facts(predictions: Mapping[str, Any], example: Example) -> AnswerScore | None:
    given = predictions.get("sp", {}).get(example.question.id)
    if given is None:
        return None
    return score_set([tuple(fact) for fact in given], example.gold.supporting_facts)


def _evidence(predictions: Mapping[str, Any], example: Example) -> AnswerScore | None:
    given = predictions.get("evidence", {}).get(example.question.id)
    if given is None:
        return None
    return score_set(_triples(given), _triples(example.gold.evidences))


def _triples(triples: Iterable[Sequence[str]]) -> list[tuple[str, ...]]:
    return [tuple(strip_punctuation(part) for part in triple) for triple in triples]


def _means(parts: Mapping[str, Sequence[AnswerScore]]) -> dict[str, float]:
    return {
        prefix + short: _mean(getattr(score, name) for score in scores)
        for prefix, scores in parts.items()
        for short, name in _OFFICIAL.items()
    }


def _mean(values: Iterable[float]) -> float:
    values = list(values)
    return sum(values) / len(values) if values else 0.0
