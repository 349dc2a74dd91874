"""Passages that were retrieved, in the order they were first seen, against those that are needed.

By passage id, never by whether a passage holds the answer's letters. The measures are those of
ir_measures, which computes them by trec_eval.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

CUTS = (2, 5, 10, 20)
"""The k of recall@k and all_support@k."""
_NDCG_CUT = 10


def ranking_scores(
    retrieved: Sequence[str],
    needed: Sequence[str],
    grades: Mapping[str, int] | None = None,
    prefix: str = "",
) -> dict[str, float]:
    """recall@k, all_support@k, mrr, ndcg@10 and map of one question, all in [0, 1].

    `retrieved`: ids, first seen first; a repetition counts where it stood first. `needed` ids count
    1 each, or by their `grades` (nDCG only). all_support@k is 1 where recall@k is 1, else 0. mrr is
    1 / the rank of the first needed passage, 0 without one. Empty where nothing is `needed`. Names
    begin with `prefix`. ["x", "a"] for ["a", "b"] gives recall@2 = 1/2, mrr = 1/2, map = 1/4.
    Source: trec_eval; Järvelin & Kekäläinen, TOIS 20(4), 2002, for nDCG with gain = grade.
    """
    if not needed:
        return {}
    gains = dict.fromkeys(needed, 1) | {i: g for i, g in (grades or {}).items() if i in needed}
    distinct = list(dict.fromkeys(retrieved))
    run = {"q": {passage: float(-rank) for rank, passage in enumerate(distinct)}}
    found = _measured(gains, run) if distinct else dict.fromkeys(_measures(), 0.0)
    alls = {f"all_support@{k}": float(found[f"recall@{k}"] == 1.0) for k in CUTS}
    return {f"{prefix}{name}": value for name, value in {**found, **alls}.items()}


def _measured(gains: Mapping[str, int], run: Mapping[str, Any]) -> dict[str, float]:
    import ir_measures

    measures = _measures()
    values = ir_measures.calc_aggregate(measures.values(), {"q": gains}, run)
    return {name: float(values[measure]) for name, measure in measures.items()}


@cache
def _measures() -> Mapping[str, Any]:
    from ir_measures import AP, RR, R, nDCG

    recalls = {f"recall@{k}": R @ k for k in CUTS}
    return {**recalls, "mrr": RR, f"ndcg@{_NDCG_CUT}": nDCG @ _NDCG_CUT, "map": AP}
