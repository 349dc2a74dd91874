"""What a dataset holds, counted."""

from collections import Counter
from typing import Any

from ragreason.datasets.example import Dataset


def describe(dataset: Dataset) -> dict[str, Any]:
    """Counts of questions, by type and hops too, of passages and of supports, and the data's hash.

    Unknown types and hops are left out.
    """
    golds = [example.gold for example in dataset.examples]
    corpus = {passage.id for passage in dataset.passages}
    needed = {i for gold in golds for i in gold.support_ids}
    return {
        "dataset": dataset.name,
        "data": str(dataset.path),
        "data_hash": dataset.data_hash,
        "questions": len(golds),
        "without answer": sum(not gold.answers for gold in golds),
        "unanswerable": sum(not gold.answerable for gold in golds),
        "passages": len(corpus),
        "questions with supports": sum(bool(gold.support_ids) for gold in golds),
        "supports": len(needed),
        "supports not there": len(needed - corpus),
        "types": dict(sorted(Counter(g.type for g in golds if g.type).items())),
        "hops": dict(sorted(Counter(g.hops for g in golds if g.hops).items())),
    }
