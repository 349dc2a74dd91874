"""Tables of finished runs: accuracy, cost, differences; each at most 80 columns wide."""

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

import typer

from ragreason.cli.output import print_table
from ragreason.evaluation.compare import Difference, Recorded
from ragreason.evaluation.statistics import SMALL
from ragreason.report.words import metric_name

_WIDTH = 80
_WIDEST_NAME = 16
_HEADLINES = (("accuracy", "f1"), ("em", "f1"), ("ndcg@10", "mrr"))
_COST = ("a question", "prompt", "reply", "verify", "calls", "search", "p50 s", "forced", "errors")
_COMPUTED = ("the run", "10^9 parameters", "10^12 FLOP", "not cached", "money")
_TIMES = ("a question", "thinking", "first token p50 s", "p95 s", "whole p50 s", "p95 s")


def print_scores(runs: Sequence[Recorded], differences: Sequence[Difference]) -> None:
    """What each run scored and cost, and how it differs from the first."""
    shown = headline(runs)
    print_table(
        ("graph", "n", *(f"{metric_name(name)} [95 %]" for name in shown), "support", "all"),
        [_accuracy(run, shown) for run in runs],
    )
    typer.echo()
    print_table(_COST, [_cost(run) for run in runs])
    if any(_first_token(run)["p50"] is not None for run in runs):
        typer.echo()
        print_table(_TIMES, [_times(run) for run in runs])
    for line in _wrapped(concurrency(runs)):
        typer.echo(line)
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


def headline(runs: Sequence[Recorded]) -> tuple[str, str]:
    """The two metrics that matter most of those that a run has: the dataset's own accuracy before
    EM, ranks where nothing has an answer.
    """
    known = {n for run in runs for n, m in run.summary["metrics"].items() if m["value"] is not None}
    return next((pair for pair in _HEADLINES if known & set(pair[:1])), _HEADLINES[1])


def leading(differences: Sequence[Difference]) -> Sequence[Difference]:
    """Those by the one metric that stands for all: accuracy, else F1, else what there is."""
    known = [d.metric for d in differences]
    metric = next((m for m in ("accuracy", "f1", *known) if m in known), "f1")
    return [d for d in differences if d.metric == metric]


def _wrapped(text: str) -> Sequence[str]:
    return wrap(text, _WIDTH, break_on_hyphens=False)


def doubts(runs: Sequence[Recorded]) -> Sequence[str]:
    """How small a difference each run could have told from another one, and which are small."""
    metric = "accuracy" if headline(runs)[0] == "accuracy" else "f1"
    told = [(run, (run.summary.get("minimal_detectable_difference") or {})) for run in runs]
    known = [f"{_name(run.name)} {_told(f[metric])}" for run, f in told if f.get(metric)]
    small = [_name(run.name) for run in runs if run.summary.get("small_sample")]
    lines: list[str] = []
    if known:
        lines += _wrapped(
            f"smallest {metric_name(metric)} difference found with a chance of 0.8 (two-sided at "
            f"0.05, unpaired; pairing finds smaller ones): {', '.join(known)}"
        )
    if small:
        lines.append(f"small samples, under {SMALL} questions: intervals may be off")
    return lines


def _told(difference: float) -> str:
    return f"{difference:.3f}" if difference <= 1 else "none"


def _accuracy(run: Recorded, shown: Sequence[str]) -> Sequence[object]:
    metrics = run.summary["metrics"]
    return (
        _name(run.name),
        metrics.get(shown[0], {}).get("n", run.summary["n"] - run.summary["errors"]),
        *(_interval(metrics.get(name)) for name in shown),
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
    return (_name(run.name), billions, *amounts, _price(_money(run)))


def _money(run: Recorded) -> float | None:
    found: float | None = run.summary.get("cost", {}).get("money")
    return found


def _price(money: float | None) -> str | None:
    """Three digits behind the point, or for less than a tenth the two first that are not 0."""
    if money is None:
        return None
    return f"{money:,.3f}" if money >= 0.1 or not money else f"{money:.2g}"


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


def _interval(metric: Mapping[str, Any] | None) -> str | None:
    if metric is None or metric["value"] is None:
        return None
    low, high = (f"{metric[end]:.3f}".removeprefix("0") for end in ("low", "high"))
    return f"{metric['value']:.3f} [{low}, {high}]"


def _seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def _name(name: str) -> str:
    return name if len(name) <= _WIDEST_NAME else f"{name[: _WIDEST_NAME - 1]}…"
