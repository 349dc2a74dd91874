"""Tables of a sweep: what each strategy scored at each budget, and what it spent for it."""

from collections.abc import Mapping, Sequence

import typer

from ragreason.cli.output import note, print_table
from ragreason.cli.show import fit
from ragreason.evaluation.points import TOKENS, Point
from ragreason.evaluation.statistics import Interval

_WIDEST_NAME = 24
_SCORES: Mapping[str, str] = {"em": "EM", "f1": "F1"}
_COSTS: Mapping[str, str] = {"calls": "calls", "waves": "waves"}
_MANY_FORCED = 0.1
_MOST_UNANSWERED = 0.5


def print_points(points: Sequence[Point]) -> None:
    """Two tables, each at most 80 columns wide, and what the reader should know of the points."""
    scores = list(points[0].scores)
    print_table(
        ("strategy", "budget", "n", *(f"{_SCORES.get(s, s)} [95 %]" for s in scores)),
        [(*_head(p), p.n, *(_score(p.intervals[s]) for s in scores)) for p in points],
    )
    typer.echo()
    costs = [name for name in points[0].costs if name in _COSTS]
    timed = "latency_s" in points[0].costs
    columns = ["a question", "budget", "tokens [95 %]", *(_COSTS[name] for name in costs)]
    columns += ["p50 s", "forced", "errors"] if timed else ["forced"]
    print_table(columns, [_cost(point, costs, timed=timed) for point in points])
    for point in points:
        if told := _warning(point):
            note(told)


def _warning(point: Point) -> str | None:
    """What a reader of the figures would not guess from them, and what to do."""
    at = point.strategy if point.budget is None else f"{point.strategy} at {point.budget}"
    if point.unanswered > _MOST_UNANSWERED * max(point.n, 1):
        rolls = point.use == "mcts" and not point.parameters.get("roll_out")
        return (
            f"{at}: {point.unanswered} of {point.n} questions ended without an answer: the search "
            "was over before a trajectory reached one; give a larger --budget or max_depth"
            + (", or mcts:roll_out=true" if rolls else "")
        )
    bound = point.forced - point.unanswered
    if bound > _MANY_FORCED * max(point.n, 1):
        return (
            f"{at}: {bound} of {point.n} questions ended at a bound, where a larger budget buys "
            "little; raise it, as by --set budget.tokens=100000"
        )
    return None


def _head(point: Point) -> tuple[str, int | None]:
    return fit(point.strategy, _WIDEST_NAME), point.budget


def _cost(point: Point, names: Sequence[str], *, timed: bool) -> tuple[object, ...]:
    figures = [_mean(point.intervals[name]) for name in names]
    cells = (*_head(point), _count(point.intervals[TOKENS]), *figures)
    if not timed:
        return (*cells, point.forced)
    import numpy as np

    times = point.costs["latency_s"]
    times = times[~np.isnan(times)]  # of questions that the response cache did not help
    median = f"{np.median(times):.2f}" if times.size else None
    return (*cells, median, point.forced, point.errors)


def _score(found: Interval | None) -> str | None:
    if found is None:
        return None
    low, high = (f"{end:.3f}".removeprefix("0") for end in (found.low, found.high))
    return f"{found.value:.3f} [{low}, {high}]"


def _count(found: Interval | None) -> str | None:
    return None if found is None else f"{found.value:,.0f} [{found.low:,.0f}, {found.high:,.0f}]"


def _mean(found: Interval | None) -> str | None:
    return None if found is None else f"{found.value:.1f}"
