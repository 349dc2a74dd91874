"""A run's rows in one document: figures with intervals, cost, time."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from ragreason.evaluation.cost import Price, run_cost
from ragreason.evaluation.figures import detectable, figures, grouped_figures, is_small
from ragreason.evaluation.rows import Row, is_error

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


def summarise(
    rows: Sequence[Row],
    identity: Mapping[str, Any],
    seeds: Sequence[int],
    *,
    parameters: float | None = None,
    price: Price | None = None,
) -> dict[str, Any]:
    """The document of `summary.json`; `identity` (graph, dataset, hashes) leads it.

    `n` counts questions, `errors`, `forced` and `abstained` rows, of which a question has one for
    each of the `seeds`. `metrics` are means over the questions, of each the mean over its seeds
    that are not errors, with 95 % bootstrap intervals over questions; null where no row has the
    metric. `groups` holds the same by type of question and by hops. `small_sample` says that there
    are too few questions for intervals to be relied on.

    Usage and `cost` are over all rows, `per_question` over those that are no errors, whose cost is
    mostly unknown; a row's cached tokens may be null (unknown) and then add nothing. Calls that the
    response cache answered count with what they once cost, and `cache` says how many they were;
    times leave out the rows that had any. `prefix_reuse` is the share of the reusable prompt tokens
    that a prefix cache gave. `concurrency` is how many questions were in flight at most where the
    times were taken, null where that is not known.
    """
    scored = [row for row in rows if not is_error(row)]
    timed = [row for row in scored if not row["usage"].get("cache_hits")]
    usage = _usage(rows)
    questions = len(rows) // max(len(seeds), 1)
    return {
        **identity,
        "n": questions,
        "errors": len(rows) - len(scored),
        "forced": sum(row["status"] == "forced" for row in scored),
        "abstained": sum(row["abstained"] for row in scored),
        "seed": seeds[0],
        "seeds": list(seeds),
        "versions": versions(),
        "metrics": figures(rows),
        "groups": grouped_figures(rows),
        "small_sample": is_small(questions),
        "minimal_detectable_difference": detectable(rows),
        "usage": usage,
        "cost": run_cost([row["usage"] for row in rows], parameters=parameters, price=price),
        "cache": cache_share(usage, len(scored) - len(timed)),
        "prefix_reuse": prefix_reuse(usage),
        "latency_s": _percentiles(timed, "latency_s"),
        "first_token_s": _percentiles(timed, "first_token_s"),
        "concurrency": max((row.get("concurrency") or 0 for row in timed), default=0) or None,
        "wall_s": _wall_s(rows),
    }


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
    answered = [row for row in rows if not is_error(row)]
    count = max(len(answered), 1)
    means = {n: None if t is None else round(t / count, 3) for n, t in _totals(answered).items()}
    return {**_totals(rows), "per_question": means}


def _totals(rows: Sequence[Row]) -> dict[str, int | None]:
    return {name: _total(row["usage"].get(name, 0) for row in rows) for name in _USAGE}


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
