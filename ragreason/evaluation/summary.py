"""A run's rows in one document: figures with intervals, cost, time."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from ragreason.evaluation.rows import METRICS, Row, is_error
from ragreason.evaluation.statistics import bootstrap_interval

_PACKAGES = (
    "ragreason",
    "langgraph",
    "openvino-genai",
    "vllm",
    "openai",
    "transformers",
    "sentence-transformers",
    "faiss-cpu",
    "bm25s",
    "numpy",
)
_USAGE = (
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "verifier_tokens",
    "calls",
    "retrievals",
    "reusable_tokens",
    "inferred_tokens",
    "estimated_tokens",
    "untold_tokens",
    "cache_hits",
    "cache_hit_tokens",
)


def summarise(rows: Sequence[Row], identity: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The document of `summary.json`; `identity` (graph, dataset, hashes) leads it.

    `n` counts all rows. Metrics are means over the rows that are not errors, with 95 % bootstrap
    intervals; null where no row has the metric. Usage is over all rows; a row's cached tokens may
    be null (unknown) and then add nothing. Calls that the response cache answered count with what
    they once cost, and `cache` says how many they were; times leave out the questions that had any.
    `prefix_reuse` is the share of the reusable prompt tokens that a prefix cache gave.
    """
    scored = [row for row in rows if not is_error(row)]
    timed = [row for row in scored if not row["usage"].get("cache_hits")]
    usage = _usage(rows)
    return {
        **identity,
        "n": len(rows),
        "errors": len(rows) - len(scored),
        "forced": sum(row["status"] == "forced" for row in scored),
        "abstained": sum(row["abstained"] for row in scored),
        "seed": seed,
        "versions": versions(),
        "metrics": {name: metric(scored, name) for name in METRICS},
        "usage": usage,
        "cache": cache_share(usage, len(scored) - len(timed)),
        "prefix_reuse": prefix_reuse(usage),
        "latency_s": _percentiles(timed, "latency_s"),
        "first_token_s": _percentiles(timed, "first_token_s"),
        "wall_s": _wall_s(rows),
    }


def metric(rows: Iterable[Row], name: str) -> dict[str, float | None]:
    """`value`, `low`, `high` of a metric over the rows that have it; nulls where none has."""
    values = [row[name] for row in rows if row[name] is not None]
    if not values:
        return {"value": None, "low": None, "high": None}
    return dict(bootstrap_interval(values)._asdict())


def cache_share(usage: Mapping[str, Any], questions: int) -> dict[str, float | int | None]:
    """Calls that the response cache answered, their share of all calls, the tokens that were thus
    not paid for again, and how many questions had such calls.
    """
    hits, calls = usage["cache_hits"] or 0, usage["calls"] or 0
    return {
        "hits": hits,
        "calls": calls,
        "hit_rate": round(hits / calls, 4) if calls else None,
        "tokens": usage["cache_hit_tokens"] or 0,
        "questions": questions,
    }


def prefix_reuse(usage: Mapping[str, Any]) -> float | None:
    """Cached prompt tokens by the reusable ones, of calls where both are known; None without such.
    Engines that also cache parts of blocks can come out above 1: then it is 1.
    """
    cached = usage["cached_tokens"]
    reusable = (usage["reusable_tokens"] or 0) - (usage["untold_tokens"] or 0)
    return None if cached is None or reusable <= 0 else round(min(1.0, cached / reusable), 4)


def versions() -> dict[str, str]:
    """Versions of what takes part in a run, where installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _usage(rows: Sequence[Row]) -> dict[str, Any]:
    totals = {name: _total(row["usage"].get(name, 0) for row in rows) for name in _USAGE}
    count = max(len(rows), 1)
    per_question = {n: None if t is None else round(t / count, 3) for n, t in totals.items()}
    return {**totals, "per_question": per_question}


def _total(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _percentiles(rows: Sequence[Row], name: str) -> dict[str, float | None]:
    """Of the rows that have the time."""
    known = [row[name] for row in rows if row.get(name) is not None]
    if not known:
        return {"p50": None, "p95": None}
    p50, p95 = np.percentile(known, [50, 95])
    return {"p50": round(float(p50), 3), "p95": round(float(p95), 3)}


def _wall_s(rows: Sequence[Row]) -> float:
    """Seconds that all sessions took together: of each, until its last row was written."""
    ends: dict[str, float] = {}
    for row in rows:
        session = row["session"]
        ends[session] = max(ends.get(session, 0.0), row["session_s"])
    return round(sum(ends.values()), 3)
