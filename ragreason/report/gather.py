"""Runs as the report sees them: rows in file order, passages, why each wrong answer is wrong."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ragreason.evaluation.compare import Recorded
from ragreason.evaluation.figures import score_of
from ragreason.evaluation.passages import Text
from ragreason.evaluation.rows import Row
from ragreason.report.causes import CAUSES, Cause, Diagnosis, diagnose


@dataclass(frozen=True)
class Told:
    """A finished run with all that a report tells of it. `rows` stand in the dataset's order;
    `passages` are those whose texts were kept, by id.
    """

    name: str
    summary: Mapping[str, Any]
    rows: Sequence[Row]
    passages: Mapping[str, Text]

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """Passages' titles by id: of those kept, and of those that rows name."""
        named = {
            citation["passage_id"]: citation["title"]
            for row in self.rows
            for citation in row.get("citations") or ()
        }
        return named | {i: text.title for i, text in self.passages.items()}

    @cached_property
    def diagnoses(self) -> Sequence[Diagnosis | None]:
        """Of each row why it is wrong, None where it is right."""
        return [diagnose(row, self.titles) for row in self.rows]

    @cached_property
    def by_cause(self) -> Mapping[Cause, Sequence[int]]:
        """The positions in `rows` that fail by each cause, causes in their order; none is empty."""
        found: dict[Cause, list[int]] = {cause: [] for cause in CAUSES}
        for position, diagnosis in enumerate(self.diagnoses):
            if diagnosis is not None:
                found[diagnosis.cause].append(position)
        return {cause: positions for cause, positions in found.items() if positions}

    @property
    def main(self) -> str:
        """The metric that stands for accuracy: F1, or what the run has instead."""
        return main_metric([self])


def main_metric(runs: Sequence[Told]) -> str:
    """F1, unless the dataset is scored by accuracy, or nothing has F1."""
    metrics = runs[0].summary["metrics"]
    preferred = ("accuracy", "f1", "em", *metrics)
    return next((n for n in preferred if metrics.get(n, {}).get("value") is not None), "f1")


def told(run: Recorded, passages: Mapping[str, Text]) -> Told:
    """A run that was read, for the report."""
    rows = sorted(run.all_rows or run.rows.values(), key=_place)
    return Told(run.name, run.summary, rows, passages)


def _place(row: Mapping[str, Any]) -> tuple[int, int]:
    return row["position"], row.get("seed") or 0


def scores(rows: Iterable[Row], name: str) -> list[float]:
    """The values of a metric where rows have it."""
    return [value for row in rows if (value := score_of(row, name)) is not None]
