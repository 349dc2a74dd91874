"""Exact match, F1, precision and recall of a short answer, by the rule of its dataset.

rule       equals the official evaluator of         a closed answer (yes, no, noanswer)
hotpotqa   HotpotQA, 2WikiMultihopQA                scores 0 unless it is the same as the other
musique    MuSiQue (that of SQuAD 2)                is a word like any other
chinese    none; counts Han characters              as in hotpotqa, the words being 是 and 否
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ragreason.text.answers import (
    chinese_answer_tokens,
    has_han,
    normalize_answer,
    normalize_chinese_answer,
)

Rule = Literal["hotpotqa", "musique", "chinese"]
_CLOSED = frozenset({"yes", "no", "noanswer"})
_CLOSED_CHINESE = frozenset({"是", "否"})


@dataclass(frozen=True)
class AnswerScore:
    """All in [0, 1], higher is better."""

    em: float
    f1: float
    precision: float
    recall: float


NOTHING = AnswerScore(em=0.0, f1=0.0, precision=0.0, recall=0.0)
ALL = AnswerScore(em=1.0, f1=1.0, precision=1.0, recall=1.0)


def score_answer(prediction: str, golds: Sequence[str], rule: Rule = "hotpotqa") -> AnswerScore:
    """The best score over the golds (an answer and its aliases), each measure on its own.

    `golds` holds at least one. Precision and recall are those of the gold with the best F1, of
    several the first. Source: hotpot_evaluate_v1.py; MuSiQue's metrics/answer.py for the maximum.
    ("the Nile river", ["Nile"]) gives em 0, precision 1/2, recall 1, f1 2/3.
    """
    scores = [_score(prediction, gold, rule) for gold in golds]
    best = max(scores, key=lambda s: s.f1)
    em = max(s.em for s in scores)
    return AnswerScore(em=em, f1=best.f1, precision=best.precision, recall=best.recall)


def rule_for(dataset: str, golds: Sequence[str]) -> Rule:
    """The rule that scores this dataset's answers; Chinese golds are told by their script."""
    if has_han(golds[0]):
        return "chinese"
    return "musique" if dataset == "musique" else "hotpotqa"


def _score(prediction: str, gold: str, rule: Rule) -> AnswerScore:
    normalize = normalize_chinese_answer if rule == "chinese" else normalize_answer
    guess, truth = normalize(prediction), normalize(gold)
    em = float(guess == truth)
    closed = {"hotpotqa": _CLOSED, "musique": frozenset[str](), "chinese": _CLOSED_CHINESE}[rule]
    if guess != truth and closed & {guess, truth}:
        return NOTHING
    if rule == "chinese":
        return _overlap(chinese_answer_tokens(prediction), chinese_answer_tokens(gold), em)
    tokens, gold_tokens = guess.split(), truth.split()
    if rule == "musique" and not (tokens and gold_tokens):
        return ALL if guess == truth else NOTHING
    return _overlap(tokens, gold_tokens, em)


def _overlap(tokens: Sequence[str], gold_tokens: Sequence[str], em: float) -> AnswerScore:
    same = sum((Counter(tokens) & Counter(gold_tokens)).values())
    if same == 0:
        return AnswerScore(em=em, f1=0.0, precision=0.0, recall=0.0)
    precision, recall = same / len(tokens), same / len(gold_tokens)
    f1 = 2 * precision * recall / (precision + recall)
    return AnswerScore(em=em, f1=f1, precision=precision, recall=recall)
