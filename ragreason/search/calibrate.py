"""The table of a compute-optimal search, made from measured runs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import fsum
from typing import Annotated

import numpy as np
from pydantic import Field

from ragreason.errors import ConfigError
from ragreason.search.choices import Choice, NamedStrategy, read_choices
from ragreason.types import Value

_EQUAL = 12
"""Scores are the same up to this many decimals: a sum's order must not break a tie."""


class Measured(Value):
    """One question answered by one strategy at one budget: `{use: majority, n: 8}`.

    `difficulty` of the question, estimated as the search will estimate it, from 0 to 1; `score`:
    higher is better, such as F1 or exact match; `tokens`: all that were spent.
    """

    question: str
    difficulty: Annotated[float, Field(ge=0, le=1)]
    strategy: NamedStrategy
    score: float
    tokens: Annotated[float, Field(ge=0)]


def calibrate(
    records: Iterable[Measured], *, max_tokens: float, bins: int = 3
) -> tuple[Choice, ...]:
    """For each of `bins` quantile bins of difficulty the strategy with the best mean score among
    those that spend at most `max_tokens` a question there; ties: the cheaper, then the first seen.

    A bin's limit is the quantile; equal difficulties stay together, bins that hold no question are
    left out, and neighbours with the same choice become one. All strategies must have been measured
    on the same questions. Raises ConfigError for no records, questions that a strategy lacks, two
    difficulties of one question, or a bin in which no strategy is cheap enough. Source: arXiv
    2408.03314, section 3.2.
    """
    rows = list(records)
    difficulties = _difficulties(rows)
    table: list[tuple[float, NamedStrategy]] = []
    for limit, inside in _binned(difficulties, bins):
        best = _best([row for row in rows if row.question in inside], limit, max_tokens)
        if table and table[-1][1] == best:
            table.pop()
        table.append((limit, best))
    return read_choices([Choice(at_most=limit, strategy=best) for limit, best in table])


def _difficulties(rows: Sequence[Measured]) -> dict[str, float]:
    """Question to difficulty, checked: one for each, and every strategy on all of them."""
    if not rows:
        raise ConfigError("no measured runs to calibrate on; expected at least one question")
    found: dict[str, float] = {}
    for row in rows:
        if found.setdefault(row.question, row.difficulty) != row.difficulty:
            raise ConfigError(
                f"question '{row.question}' has the difficulties {found[row.question]} and "
                f"{row.difficulty}; give each question one"
            )
    for name, runs in _by_strategy(rows).items():
        lacking = sorted(found.keys() - {row.question for row in runs})
        if lacking:
            raise ConfigError(
                f"{name} was not measured on {len(lacking)} of {len(found)} questions, such as "
                f"'{lacking[0]}'; strategies are compared on the same ones"
            )
    return found


def _binned(difficulties: Mapping[str, float], bins: int) -> list[tuple[float, set[str]]]:
    """Upper limits, the last of them 1, with the questions up to each and above the one before."""
    if bins < 1:
        raise ConfigError(f"{bins} bins; expected at least 1")
    inner = np.quantile(list(difficulties.values()), [i / bins for i in range(1, bins)])
    limits = [*(float(limit) for limit in np.unique(inner)), 1.0]
    found, low = [], -1.0
    for limit in dict.fromkeys(limits):
        inside = {name for name, value in difficulties.items() if low < value <= limit}
        if inside:
            found.append((limit, inside))
            low = limit
    return [*found[:-1], (1.0, found[-1][1])]


def _best(rows: Sequence[Measured], limit: float, max_tokens: float) -> NamedStrategy:
    runs = _by_strategy(rows)
    costs = {name: fsum(r.tokens for r in found) / len(found) for name, found in runs.items()}
    cheap = [name for name, tokens in costs.items() if tokens <= max_tokens]
    if not cheap:
        least = min(costs, key=lambda name: costs[name])
        raise ConfigError(
            f"no strategy spends at most {max_tokens:g} tokens a question at difficulty up to "
            f"{limit:g}; the cheapest, {least}, spends {costs[least]:g}"
        )
    scores = {n: round(fsum(r.score for r in runs[n]) / len(runs[n]), _EQUAL) for n in cheap}
    best = min(cheap, key=lambda name: (-scores[name], costs[name]))
    return runs[best][0].strategy


def _by_strategy(rows: Iterable[Measured]) -> dict[str, list[Measured]]:
    """Rows by what names their strategy, whatever the order of its parameters."""
    found: defaultdict[str, list[Measured]] = defaultdict(list)
    for row in rows:
        given = sorted((row.strategy.model_extra or {}).items())
        named = ", ".join(f"{name}: {value}" for name, value in given)
        found[f"{{use: {row.strategy.use}{', ' if named else ''}{named}}}"].append(row)
    return found
