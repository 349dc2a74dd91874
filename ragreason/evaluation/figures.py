"""Figures of a run's rows: each a mean over questions with its interval, also by group."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ragreason.evaluation.power import minimal_detectable_difference
from ragreason.evaluation.rows import METRICS, Row, is_error
from ragreason.evaluation.statistics import SMALL, bootstrap_interval

GROUPS = ("type", "hops")
"""What questions are grouped by: the dataset's type of question, and the supports it needs."""

Figure = dict[str, float | int | None]


def score_of(row: Mapping[str, Any], name: str) -> float | None:
    """The row's score of that name; None where it has none, as rows of failed questions do."""
    if is_error(row):
        return None
    found = row.get(name) if name in METRICS else (row.get("scores") or {}).get(name)
    return None if found is None else float(found)


def metric_names(rows: Iterable[Row]) -> list[str]:
    """The six that every row has, then what else any row was scored by, in order of appearance."""
    further = (name for row in rows for name in row.get("scores") or ())
    return list(dict.fromkeys([*METRICS, *further]))


def question_values(rows: Iterable[Row], name: str) -> dict[str, float]:
    """The score of each question that has one, averaged over its seeds, by id.

    Seeds of a question are not independent of each other: counted as questions of their own, they
    would make intervals too narrow.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        value = score_of(row, name)
        if value is not None:
            found[row["id"]].append(value)
    return {question: sum(values) / len(values) for question, values in found.items()}


def figure(rows: Iterable[Row], name: str) -> Figure:
    """`value`, `low`, `high` and the number `n` of questions that have the score; nulls without."""
    values = list(question_values(rows, name).values())
    if not values:
        return {"value": None, "low": None, "high": None, "n": 0}
    return {**bootstrap_interval(values)._asdict(), "n": len(values)}


def figures(rows: Sequence[Row]) -> dict[str, Figure]:
    """Every metric of the rows."""
    return {name: figure(rows, name) for name in metric_names(rows)}


def grouped_figures(rows: Sequence[Row]) -> dict[str, dict[str, dict[str, Figure]]]:
    """By `type` and by `hops`, of each value the figures; rows without the value are left out."""
    return {
        kind: {str(value): figures(part) for value, part in grouped(rows, kind).items()}
        for kind in GROUPS
    }


def grouped(rows: Iterable[Row], kind: str) -> dict[str | int, list[Row]]:
    """The rows by their value of `kind`, sorted; those without one are left out."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        if row.get(kind):  # no type is "", and an unknown number of hops 0
            found[row[kind]].append(row)
    return {value: found[value] for value in sorted(found)}


def detectable(rows: Sequence[Row]) -> dict[str, float | None]:
    """Of each metric, the smallest difference to another such run that would be found: a two-sided
    test at 0.05, with a chance of 0.8, without the help of pairing.
    """
    return {
        name: minimal_detectable_difference(list(question_values(rows, name).values()))
        for name in metric_names(rows)
    }


def is_small(questions: int) -> bool:
    """Whether so few questions make figures that are marked."""
    return questions < SMALL
