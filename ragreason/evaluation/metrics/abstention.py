"""Whether a system holds back where it should, and only there."""

from collections.abc import Iterable
from dataclasses import dataclass

_TOLD = frozenset({"musique", "multihop_rag", "world", "generic"})
"""Datasets that say of a question whether it can be answered."""


def abstention_scores(dataset: str, *, abstained: bool, answerable: bool) -> dict[str, float]:
    """sufficiency: 1 where answering or abstaining was right; abstention, only of questions that
    can't be answered: 1 where none was given. Empty where the dataset does not say which these are.
    """
    if dataset not in _TOLD and answerable:
        return {}
    found = {"sufficiency": float(abstained != answerable)}
    return found if answerable else {**found, "abstention": float(abstained)}


@dataclass(frozen=True)
class Abstention:
    """Of the questions that were not answered, the share that can't be (`precision`); of those that
    can't be answered, the share that were not (`recall`); their `f1`. None without such questions.
    """

    precision: float | None
    recall: float | None
    f1: float | None


def abstention(pairs: Iterable[tuple[bool, bool]]) -> Abstention:
    """Over questions, each as (abstained, answerable). Source: SQuAD 2.0, arXiv 1806.03822, whose
    no-answer F1 this is.
    """
    counted = list(pairs)
    held = sum(abstained for abstained, _ in counted)
    without = sum(not answerable for _, answerable in counted)
    right = sum(abstained and not answerable for abstained, answerable in counted)
    precision = right / held if held else None
    recall = right / without if without else None
    both = held + without
    return Abstention(precision, recall, 2 * right / both if both else None)
