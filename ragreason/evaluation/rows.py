"""One results row a question: its score beside what was answered and what it cost."""

from collections.abc import Mapping
from typing import Any

from ragreason.datasets import Example
from ragreason.evaluation.answered import Answered
from ragreason.evaluation.scores import answer_score, scores_of
from ragreason.evaluation.supports import score_support
from ragreason.types import Usage

Row = dict[str, Any]
METRICS = ("em", "f1", "precision", "recall", "support_recall", "support_all")


def answer_row(dataset: str, example: Example, given: Answered, latency_s: float) -> Row:
    """The row of a question that was answered. An answer of status "error" gives an error row."""
    answer = given.answer
    if answer.status == "error":
        row = error_row(example, answer.error or "the answer has status 'error'", latency_s)
        return row | {"usage": answer.usage.model_dump(), "trace": list(given.trace)}
    return {
        **_head(example),
        "answer": answer.text,
        "cited": answer.cited,
        **_scores(dataset, example, given),
        "citations": [citation.model_dump() for citation in answer.citations],
        "scores": scores_of(dataset, example, given),
        "confidence": answer.confidence,
        "retrieved": list(answer.retrieved),
        "in_prompt": None if answer.in_prompt is None else list(answer.in_prompt),
        "usage": answer.usage.model_dump(),
        "status": answer.status,
        "forced_by": answer.forced_by,
        "abstained": answer.abstained,
        "latency_s": round(latency_s, 3),
        "first_token_s": answer.first_token_s,
        "error": "",
        "trace": list(given.trace),
    }


def error_row(example: Example, message: str, latency_s: float) -> Row:
    """The row of a question whose run failed: no answer, and no scores (null, not 0)."""
    return {
        **_head(example),
        "answer": None,
        "cited": "",
        **dict.fromkeys(METRICS),
        "citations": [],
        "scores": {},
        "confidence": None,
        "retrieved": [],
        "in_prompt": None,
        "usage": Usage().model_dump(),
        "status": "error",
        "forced_by": "",
        "abstained": False,
        "latency_s": round(latency_s, 3),
        "first_token_s": None,
        "error": message,
        "trace": [],
    }


def is_error(row: Mapping[str, Any]) -> bool:
    """Whether the row's question failed, so that it is scored nowhere and tried again."""
    return bool(row["status"] == "error")


def _head(example: Example) -> Row:
    return {
        "id": example.question.id,
        "question": example.question.text,
        "gold": list(example.gold.answers),
        "support_ids": list(example.gold.support_ids),
        "type": example.gold.type,
        "hops": example.gold.hops,
        "answerable": example.gold.answerable,
        "intermediates": _intermediates(example),
    }


def _intermediates(example: Example) -> list[str]:
    """What the evidence names besides the answers: who answers with one stopped too early."""
    named = (name for subject, _, thing in example.gold.evidences for name in (subject, thing))
    return [name for name in dict.fromkeys(named) if name not in example.gold.answers]


def _scores(dataset: str, example: Example, given: Answered) -> Row:
    score = answer_score(dataset, example, given.answer.text)
    support = score_support(given.answer.retrieved, example.gold.support_ids)
    return {
        "em": score.em if score else None,
        "f1": score.f1 if score else None,
        "precision": score.precision if score else None,
        "recall": score.recall if score else None,
        "support_recall": support.recall if support else None,
        "support_all": support.all if support else None,
    }
