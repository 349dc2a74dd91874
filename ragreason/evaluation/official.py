"""Whole prediction files, scored and rounded as each dataset's official script prints them.

HotpotQA and 2WikiMultihopQA predictions are {"answer": {id: text}, "sp": {id: [[title, n], ...]}},
2Wiki's with "evidence": {id: [[subject, relation, object], ...]}; MuSiQue's are rows with `id`,
`predicted_answer`, `predicted_support_idxs`, `predicted_answerable`. A question without a
prediction scores 0. The functions `..._scores` give one value a question, in the examples' order,
for intervals; `..._metrics` what the script prints.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ragreason.datasets import Example
from ragreason.errors import DataError
from ragreason.evaluation.answers import NOTHING, AnswerScore, score_answer
from ragreason.evaluation.supports import score_set
from ragreason.text.answers import strip_punctuation

Values = dict[str, list[float]]
Row = Mapping[str, Any]

_TOLD = "predicted_answerable"
_OFFICIAL = {"em": "em", "f1": "f1", "prec": "precision", "recall": "recall"}


def hotpotqa_scores(predictions: Mapping[str, Any], examples: Sequence[Example]) -> Values:
    """em, f1, prec, recall, and the same as sp_* and joint_*, in [0, 1]."""
    parts: dict[str, list[AnswerScore]] = {"": [], "sp_": [], "joint_": []}
    for example in examples:
        answer = _answer(predictions, example)
        facts = _facts(predictions, example)
        parts[""].append(answer or NOTHING)
        parts["sp_"].append(facts or NOTHING)
        parts["joint_"].append(joint(answer, facts) if answer and facts else NOTHING)
    return _values(parts)


def hotpotqa_metrics(
    predictions: Mapping[str, Any], examples: Sequence[Example]
) -> dict[str, float]:
    """The means of `hotpotqa_scores`, not rounded. Source: hotpot_evaluate_v1.py."""
    return {name: _mean(values) for name, values in hotpotqa_scores(predictions, examples).items()}


def wikimultihop_scores(predictions: Mapping[str, Any], examples: Sequence[Example]) -> Values:
    """HotpotQA's and evi_* for evidence triples, joint over all three, in [0, 1]."""
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
    return _values(parts)


def wikimultihop_metrics(
    predictions: Mapping[str, Any], examples: Sequence[Example]
) -> dict[str, float]:
    """The means of `wikimultihop_scores` in percent, two decimals.

    Source: 2wikimultihop_evaluate_v1.py.
    """
    scores = wikimultihop_scores(predictions, examples)
    return {name: round(_mean(values) * 100, 2) for name, values in scores.items()}


def musique_scores(predictions: Iterable[Row], examples: Sequence[Example]) -> Values:
    """answer_f1, answer_em and support_f1 of the answerable questions, in [0, 1].

    Of questions that come twice, once without their evidence, also group_answer_sufficiency_f1 and
    group_support_sufficiency_f1, one value a pair: the F1 of the answerable one if it was told of
    both which can be answered, else 0; absent where no row has `predicted_answerable`. Of two rows
    with one id, the first belongs to the question that comes first. Raises DataError if a question
    has no row, or a row lacks what is scored.
    """
    rows = _rows_of(predictions, examples)
    answerable = [e for e in examples if e.gold.answerable]
    answers = [_musique_answer(rows[e.question.id], e) for e in answerable]
    supports = [_musique_support(rows[e.question.id], e) for e in answerable]
    found = {
        "answer_f1": [s.f1 for s in answers],
        "answer_em": [s.em for s in answers],
        "support_f1": [s.f1 for s in supports],
    }
    pairs = _pairs(examples) if any(_TOLD in row for row in rows.values()) else []
    if pairs:
        told = [all(_is_told(rows[e.question.id], e) for e in pair) for pair in pairs]
        first = [next(e for e in pair if e.gold.answerable) for pair in pairs]
        for name, score in (("answer", _musique_answer), ("support", _musique_support)):
            found[f"group_{name}_sufficiency_f1"] = [
                score(rows[e.question.id], e).f1 if right else 0.0
                for e, right in zip(first, told, strict=True)
            ]
    return found


def musique_metrics(predictions: Iterable[Row], examples: Sequence[Example]) -> dict[str, float]:
    """The means of `musique_scores`, three decimals. Source: evaluate_v1.0.py of MuSiQue."""
    scores = musique_scores(predictions, examples)
    return {name: round(_mean(values), 3) for name, values in scores.items()}


def _rows_of(predictions: Iterable[Row], examples: Sequence[Example]) -> dict[str, Row]:
    given: dict[str, list[Row]] = defaultdict(list)
    for row in predictions:
        given[str(row["id"])].append(row)
    rows = {}
    for example in examples:
        name = example.question.id
        base, _, place = name.partition("/")
        found = given.get(name) or given.get(base)
        if not found:
            raise DataError(f"no prediction for question '{name}'; MuSiQue wants all")
        rows[name] = found[min(int(place or 1), len(found)) - 1]
    return rows


def _pairs(examples: Sequence[Example]) -> list[list[Example]]:
    """Questions of which one can be answered and one can't."""
    groups: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        groups[example.question.id.partition("/")[0]].append(example)
    return [g for g in groups.values() if {e.gold.answerable for e in g} == {True, False}]


def _is_told(row: Row, example: Example) -> bool:
    return bool(_field(row, _TOLD)) == example.gold.answerable


def _musique_answer(row: Row, example: Example) -> AnswerScore:
    return score_answer(str(_field(row, "predicted_answer")), example.gold.answers, "musique")


def _musique_support(row: Row, example: Example) -> AnswerScore:
    return score_set(_field(row, "predicted_support_idxs"), example.gold.support_idxs)


def _field(row: Row, name: str) -> Any:
    if name not in row:
        raise DataError(f"the prediction for '{row['id']}' has no '{name}'")
    return row[name]


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


def _values(parts: Mapping[str, Sequence[AnswerScore]]) -> Values:
    return {
        prefix + short: [getattr(score, name) for score in scores]
        for prefix, scores in parts.items()
        for short, name in _OFFICIAL.items()
    }


def _mean(values: Iterable[float]) -> float:
    values = list(values)
    return sum(values) / len(values) if values else 0.0
