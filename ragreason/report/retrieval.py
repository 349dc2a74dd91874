"""How much of what is needed stands among the first k passages that a run retrieved."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ragreason.evaluation.statistics import Floats, Interval
from ragreason.report.estimate import estimate

DEEPEST = 20


@dataclass(frozen=True)
class Curve:
    """Per depth k the mean over questions of recall@k, and of whether all was there by k."""

    ks: Sequence[int]
    recall: Sequence[Interval]
    complete: Sequence[Interval]


def retrieval_curve(rows: Iterable[Mapping[str, Any]], deepest: int = DEEPEST) -> Curve | None:
    """Over all distinct retrieved passages in first-seen order; None where no row names supports.

    Seeds of a question are averaged first. A row of an error is left out. The curve ends where no
    row retrieved more, at most at `deepest`.
    Supports [a, b] and retrieved [a, c, b] give recall 1/2, 1/2, 1.
    """
    kept = [r for r in rows if r["status"] != "error" and r.get("support_ids")]
    if not kept:
        return None
    longest = max(len(row.get("retrieved") or ()) for row in kept)
    ks = range(1, max(1, min(deepest, longest)) + 1)
    shares = np.array([_shares(row, ks) for row in kept])  # (rows, ks)
    ids = [row["id"] for row in kept]
    recall = [estimate(column) for column in _by_question(shares, ids).T]
    complete = [estimate(column) for column in _by_question(shares >= 1.0, ids).T]
    return Curve(list(ks), [i for i in recall if i], [i for i in complete if i])


def _by_question(values: npt.NDArray[Any], ids: Sequence[str]) -> Floats:
    """Averaged over the seeds of each question, which are not independent: (questions, ks)."""
    _, which, counts = np.unique(ids, return_inverse=True, return_counts=True)
    sums = np.zeros((counts.size, values.shape[1]))
    np.add.at(sums, which, values)
    return sums / counts[:, None]


def _shares(row: Mapping[str, Any], ks: range) -> list[float]:
    needed = set(row["support_ids"])
    retrieved = list(dict.fromkeys(row.get("retrieved") or ()))
    hits = np.cumsum([int(passage in needed) for passage in retrieved[: ks[-1]]] or [0])
    return [float(hits[min(k, len(hits)) - 1]) / len(needed) for k in ks]
