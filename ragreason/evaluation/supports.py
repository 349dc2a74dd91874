"""What was retrieved or named as support, against what is needed."""

from collections.abc import Collection, Hashable
from dataclasses import dataclass

from ragreason.evaluation.answers import AnswerScore


def score_set(named: Collection[Hashable], needed: Collection[Hashable]) -> AnswerScore:
    """Precision, recall, F1 of a set, and EM: whether the two sets are equal.

    With nothing in common F1 is 0; two empty sets give em 1 and the rest 0, as HotpotQA's script
    does. Repetitions don't count.
    """
    named, needed = set(named), set(needed)
    right = len(named & needed)
    precision = right / len(named) if named else 0.0
    recall = right / len(needed) if needed else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return AnswerScore(em=float(named == needed), f1=f1, precision=precision, recall=recall)


@dataclass(frozen=True)
class SupportScore:
    """`recall`: share of the needed passages that were retrieved; `all`: 1 if all were, else 0."""

    recall: float
    all: float


def score_support(retrieved: Collection[str], needed: Collection[str]) -> SupportScore | None:
    """Gold passage ids among all distinct retrieved ones; None where the dataset names none.

    Ids, not answer strings: a passage that happens to hold the answer doesn't count.
    """
    if not needed:
        return None
    recall = score_set(retrieved, needed).recall
    return SupportScore(recall=recall, all=float(recall == 1.0))
