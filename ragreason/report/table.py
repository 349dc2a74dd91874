"""The headline table: a line a run, read from its summary alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ragreason.evaluation.figures import is_small
from ragreason.evaluation.rows import METRICS
from ragreason.evaluation.statistics import Interval
from ragreason.report.words import interval_of

LEADING = ("accuracy", "em", "f1", "support_recall", "support_all")
"""The metrics that a short table shows, where runs have them."""
USED = ("prompt_tokens", "completion_tokens", "verifier_tokens", "calls", "retrievals")


@dataclass(frozen=True)
class Line:
    """A run in a table. `n` counts questions, `scored` those of them that were answered with any
    seed, `errors`, `forced` and `abstained` rows; `metrics` are those that it has, with intervals;
    `used` is the mean a question of each of `USED`, over rows that are no errors.
    """

    name: str
    dataset: str
    data_hash: str
    n: int
    scored: int
    errors: int
    forced: int
    abstained: int
    metrics: Mapping[str, Interval]
    used: Mapping[str, float]
    p50_s: float | None
    small: bool
    seeds: Sequence[int]
    money: float | None

    @property
    def tokens(self) -> float:
        """All tokens of a question: prompt, completion, verifier."""
        return sum(self.used[name] for name in USED[:3])


def line_of(name: str, summary: Mapping[str, Any]) -> Line:
    """A finished run's line; old summaries lack some of it."""
    used = summary["usage"]["per_question"]
    metrics = {n: interval_of(figure) for n, figure in summary["metrics"].items()}
    return Line(
        name=name,
        dataset=summary["dataset"],
        data_hash=summary["data_hash"],
        n=summary["n"],
        scored=_scored(summary),
        errors=summary["errors"],
        forced=summary.get("forced", 0),
        abstained=summary.get("abstained", 0),
        metrics={n: interval for n, interval in metrics.items() if interval is not None},
        used={n: float(used.get(n) or 0.0) for n in USED},
        p50_s=summary["latency_s"]["p50"],
        small=summary.get("small_sample", is_small(summary["n"])),
        seeds=summary.get("seeds") or [summary.get("seed", 0)],
        money=(summary.get("cost") or {}).get("money"),
    )


def _scored(summary: Mapping[str, Any]) -> int:
    """Errors count rows: with several seeds they may be more than the questions."""
    known = [int(figure["n"]) for figure in summary["metrics"].values() if "n" in figure]
    return max(known) if known else max(0, int(summary["n"]) - int(summary["errors"]))


def leading(lines: Sequence[Line]) -> list[str]:
    """The metrics of a short table that at least one run has."""
    return [name for name in LEADING if any(name in line.metrics for line in lines)]


def every(lines: Sequence[Line]) -> list[str]:
    """All metrics that at least one run has: leading ones, the others, each once."""
    names = dict.fromkeys([*LEADING, *METRICS, *(n for line in lines for n in line.metrics)])
    return [name for name in names if any(name in line.metrics for line in lines)]
