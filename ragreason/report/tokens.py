"""Accuracy against tokens: a run among others, and within a run cheap questions and dear ones."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from ragreason.evaluation.figures import question_values, score_of
from ragreason.evaluation.rows import Row
from ragreason.evaluation.statistics import Interval
from ragreason.report.estimate import estimate
from ragreason.report.gather import Told

PARTS = 5
_FEWEST = 4
"""Questions in the smallest part that is drawn."""


@dataclass(frozen=True)
class Spot:
    """A mean score at a mean of tokens a question, both with intervals, over `n` questions."""

    name: str
    tokens: Interval
    score: Interval
    n: int
    best: bool = False


def spent(row: Mapping[str, Any]) -> int:
    """All tokens of a row: prompt, completion and verifier."""
    usage = row["usage"]
    return sum(usage.get(f"{kind}_tokens") or 0 for kind in ("prompt", "completion", "verifier"))


def spots(runs: Sequence[Told], metric: str) -> list[Spot]:
    """A spot for each run that has the metric, `best` where it is on the Pareto front: no other is
    as good for fewer tokens, or better for as many.
    """
    found = [spot for run in runs if (spot := _spot(run.name, run.rows, metric)) is not None]
    return [_marked(spot, found) for spot in found]


def parts(rows: Sequence[Row], metric: str) -> list[Spot]:
    """The rows by how many tokens they took, in five parts of equal size; none where too few."""
    scored = sorted((r for r in rows if score_of(r, metric) is not None), key=spent)
    count = min(PARTS, len(scored) // _FEWEST)
    if count < 2:
        return []
    ends = [round(i * len(scored) / count) for i in range(count + 1)]
    cut = [scored[start:end] for start, end in pairwise(ends)]
    found = (_spot(f"{spent(g[0]):,} to {spent(g[-1]):,} tokens", g, metric) for g in cut)
    return [spot for spot in found if spot is not None]


def _spot(name: str, rows: Sequence[Row], metric: str) -> Spot | None:
    score = estimate(list(question_values(rows, metric).values()))
    tokens = estimate(_tokens([row for row in rows if score_of(row, metric) is not None]))
    return None if score is None or tokens is None else Spot(name, tokens, score, len(rows))


def _tokens(rows: Sequence[Row]) -> list[float]:
    """Of each question the mean over its seeds."""
    found: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        found[row["id"]].append(spent(row))
    return [sum(values) / len(values) for values in found.values()]


def _marked(spot: Spot, others: Sequence[Spot]) -> Spot:
    beaten = any(_beats(other, spot) for other in others)
    return replace(spot, best=not beaten)


def _beats(one: Spot, other: Spot) -> bool:
    """As good in both, better in one."""
    no_worse = one.tokens.value <= other.tokens.value and one.score.value >= other.score.value
    return no_worse and (one.tokens.value, one.score.value) != (
        other.tokens.value,
        other.score.value,
    )
