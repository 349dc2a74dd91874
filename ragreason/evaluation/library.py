"""Many graphs over the same questions: one line a graph, and what differs from a baseline."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ragreason.evaluation.statistics import (
    bootstrap_interval,
    holm,
    paired_interval,
    paired_permutation_test,
)

Kept = Mapping[str, Any]
SCORED = ("em", "f1", "support_recall", "support_all")
COUNTED = (
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "verifier_tokens",
    "calls",
    "retrievals",
    "retrieved",
)
BASELINE = "naive_rag"


def report(rows: Sequence[Kept], baseline: str = BASELINE) -> dict[str, Any]:
    """Per graph: `n`, `errors`, `forced`, scores with 95 % intervals, mean costs, latencies.

    Rows hold `graph`, `dataset`, `id`, `status`, the scores (null where a question failed or has
    none) and costs. `over_baseline` compares each graph's F1 with the baseline's on the questions
    that both have answered: paired bootstrap interval, permutation test, and that p-value by
    Holm's method over all the comparisons made.
    """
    graphs: dict[str, list[Kept]] = {}
    for row in rows:
        graphs.setdefault(row["graph"], []).append(row)
    return {
        "graphs": {graph: _line(found) for graph, found in sorted(graphs.items())},
        "datasets": {
            dataset: {
                graph: _mean(r["f1"] for r in found if r["dataset"] == dataset)
                for graph, found in sorted(graphs.items())
            }
            for dataset in dict.fromkeys(row["dataset"] for row in rows)
        },
        "over_baseline": _over(graphs, baseline),
    }


def _line(rows: Sequence[Kept]) -> dict[str, Any]:
    scored = [row for row in rows if row["status"] != "error"]
    uncached = [row["prompt_tokens"] - (row["cached_tokens"] or 0) for row in rows]
    latencies = [row["latency_s"] for row in scored] or [0.0]
    return {
        "n": len(rows),
        "errors": len(rows) - len(scored),
        "forced": sum(row["status"] == "forced" for row in scored),
        "abstained": sum(bool(row["abstained"]) for row in scored),
        **{name: _interval([row[name] for row in scored]) for name in SCORED},
        **{name: _mean(row[name] for row in rows) for name in COUNTED},
        "uncached_tokens": _mean(uncached),
        "latency_s": {
            "p50": round(float(np.percentile(latencies, 50)), 2),
            "p95": round(float(np.percentile(latencies, 95)), 2),
        },
    }


def _over(graphs: Mapping[str, Sequence[Kept]], baseline: str) -> dict[str, Any]:
    scores = {graph: _f1(rows) for graph, rows in graphs.items()}
    if not scores.get(baseline):
        return {}
    found: dict[str, Any] = {}
    for graph in sorted(scores.keys() - {baseline}):
        shared = [key for key in scores[graph] if key in scores[baseline]]
        if shared:
            ours = [scores[graph][key] for key in shared]
            theirs = [scores[baseline][key] for key in shared]
            interval = paired_interval(ours, theirs)
            p = paired_permutation_test(ours, theirs)
            found[graph] = {"n": len(shared), **interval._asdict(), "p": p}
    adjusted = holm([difference["p"] for difference in found.values()])
    for difference, p in zip(found.values(), adjusted, strict=True):
        difference["p_holm"] = p
    return found


def _f1(rows: Sequence[Kept]) -> dict[tuple[str, str], float]:
    return {(r["dataset"], r["id"]): r["f1"] for r in rows if r["f1"] is not None}


def _interval(values: Sequence[float | None]) -> dict[str, float | None]:
    known = [float(value) for value in values if value is not None]
    if not known:
        return {"value": None, "low": None, "high": None}
    return dict(bootstrap_interval(known)._asdict())


def _mean(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 3) if known else None
