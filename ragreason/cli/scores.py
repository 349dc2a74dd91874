"""Tables of finished runs: accuracy, cost, differences; each at most 80 columns wide."""

from collections.abc import Mapping, Sequence
from typing import Any

import typer

from ragreason.cli.output import print_table
from ragreason.evaluation.compare import Difference, Recorded
from ragreason.evaluation.statistics import SMALL

_WIDEST_NAME = 16
_COST = ("a question", "prompt", "reply", "verify", "calls", "search", "p50 s", "forced", "errors")
_COMPUTED = ("the run", "10^9 parameters", "10^12 FLOP", "not cached", "money")
_TIMES = ("a question", "thinking", "first token p50 s", "p95 s", "whole p50 s", "p95 s")


def print_scores(runs: Sequence[Recorded], differences: Sequence[Difference]) -> None:
    """What each run scored and cost, and how it differs from the first."""
    print_table(
        ("graph", "n", "EM [95 %]", "F1 [95 %]", "support", "all"),
        [_accuracy(run) for run in runs],
    )
    typer.echo()
    print_table(_COST, [_cost(run) for run in runs])
    if any(_first_token(run)["p50"] is not None for run in runs):
        typer.echo()
        print_table(_TIMES, [_times(run) for run in runs])
    if at := concurrency(runs):
        typer.echo(at)
    if any(run.summary.get("cost", {}).get("flops") for run in runs) or any(map(_money, runs)):
        typer.echo()
        print_table(_COMPUTED, [_computed(run) for run in runs])
    for run in runs:
        for line in savings(run):
            typer.echo(line)
    for line in doubts(runs):
        typer.echo(line)
    if differences:
        typer.echo()
        print_table(
            (f"minus {_name(differences[0].baseline)}", "metric", "n", "[95 %]", "p (Holm)"),
            [_compared(d) for d in differences],
        )


def doubts(runs: Sequence[Recorded]) -> Sequence[str]:
    """How small a difference each run could have told from another one, and which are small."""
    told = [(run, (run.summary.get("minimal_detectable_difference") or {})) for run in runs]
    known = [f"{_name(run.name)} {_told(found['f1'])}" for run, found in told if found.get("f1")]
    small = [_name(run.name) for run in runs if run.summary.get("small_sample")]
    lines = []
    if known:
        lines.append("smallest F1 difference found with a chance of 0.8 (two-sided at 0.05,")
        lines.append(f"unpaired; pairing finds smaller ones): {', '.join(known)}")
    if small:
        lines.append(f"small samples, under {SMALL} questions: intervals may be off")
    return lines


def _told(difference: float) -> str:
    return f"{difference:.3f}" if difference <= 1 else "none"


def _accuracy(run: Recorded) -> Sequence[object]:
    metrics = run.summary["metrics"]
    return (
        _name(run.name),
        metrics["em"].get("n", run.summary["n"] - run.summary["errors"]),
        _interval(metrics["em"]),
        _interval(metrics["f1"]),
        metrics["support_recall"]["value"],
        metrics["support_all"]["value"],
    )


def _cost(run: Recorded) -> Sequence[object]:
    usage = run.summary["usage"]["per_question"]
    return (
        _name(run.name),
        round(usage["prompt_tokens"]),
        round(usage["completion_tokens"]),
        round(usage["verifier_tokens"]),
        f"{usage['calls']:.1f}",
        f"{usage['retrievals']:.1f}",
        _seconds(run.summary["latency_s"]["p50"]),
        run.summary["forced"],
        run.summary["errors"],
    )


def _computed(run: Recorded) -> Sequence[object]:
    """Over the whole run: in 10^12 operations, 2 N for each token."""
    cost = run.summary.get("cost", {})
    flops = (cost.get("parameters"), cost.get("flops"), cost.get("flops_without_cached"))
    sizes = [None if value is None else value / 1e12 for value in flops]
    billions = None if sizes[0] is None else f"{sizes[0] * 1000:.3g}"
    amounts = [None if value is None else f"{value:,.1f}" for value in sizes[1:]]
    return (_name(run.name), billions, *amounts, _money(run))


def _money(run: Recorded) -> float | None:
    found: float | None = run.summary.get("cost", {}).get("money")
    return found


def _times(run: Recorded) -> Sequence[object]:
    """Thinking tokens of the reply, and how long the answer took to begin and to be whole."""
    first, whole = _first_token(run), run.summary["latency_s"]
    seconds = [t[p] for t in (first, whole) for p in ("p50", "p95")]
    thought = run.summary["usage"]["per_question"].get("reasoning_tokens") or 0
    return (_name(run.name), round(thought), *map(_seconds, seconds))


def concurrency(runs: Sequence[Recorded]) -> str:
    """How many questions shared the engine while the times were taken; "" where that is unknown."""
    known = {_name(run.name): run.summary.get("concurrency") for run in runs}
    if not all(known.values()):
        return ""
    if len(set(known.values())) == 1:
        return f"latency at concurrency {next(iter(known.values()))}"
    return "latency at concurrency " + ", ".join(f"{at} ({name})" for name, at in known.items())


def savings(run: Recorded) -> Sequence[str]:
    """What was not paid for again, and what that does to the figures; none where all was."""
    cache, usage = run.summary.get("cache", {}), run.summary["usage"]
    lines = []
    if cache.get("hits"):
        lines.append(
            f"{_name(run.name)}: {cache['hits']:,} of {cache['calls']:,} calls "
            f"({cache['hit_rate']:.0%}) came from the response cache, counted with what"
        )
        lines.append(
            f"they once cost ({cache['tokens']:,} tokens); times are of the other questions"
        )
    reuse = run.summary.get("prefix_reuse")
    if reuse is not None:
        doubt = " (in part inferred)" if usage.get("inferred_tokens") else ""
        doubt += " (in part estimated)" if usage.get("estimated_tokens") else ""
        lines.append(
            f"{_name(run.name)}: {reuse:.0%} of the reusable prompt tokens were cached{doubt}"
        )
    return lines


def _first_token(run: Recorded) -> Mapping[str, float | None]:
    """Nulls in runs from before it was measured."""
    found: Mapping[str, float | None] = run.summary.get("first_token_s", {"p50": None, "p95": None})
    return found


def _compared(found: Difference) -> Sequence[object]:
    interval = f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"
    return (_name(found.run), found.metric, found.n, interval, f"{found.p_holm:.4f}")


def _interval(metric: Mapping[str, Any]) -> str | None:
    if metric["value"] is None:
        return None
    low, high = (f"{metric[end]:.3f}".removeprefix("0") for end in ("low", "high"))
    return f"{metric['value']:.3f} [{low}, {high}]"


def _seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def _name(name: str) -> str:
    return name if len(name) <= _WIDEST_NAME else f"{name[: _WIDEST_NAME - 1]}…"
