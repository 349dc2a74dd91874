"""Finished runs against each other, on the questions that both answered."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ragreason.errors import ConfigError
from ragreason.evaluation.rows import Row, is_error
from ragreason.evaluation.statistics import Interval, paired_interval, paired_permutation_test
from ragreason.evaluation.store import read_rows, read_summary

COMPARED = ("em", "f1", "support_recall")


@dataclass(frozen=True)
class Difference:
    """A metric of `run` minus that of `baseline` over `n` shared questions.

    `p` is that of the two-sided paired permutation test; nothing is corrected for many tests.
    """

    run: str
    baseline: str
    metric: str
    n: int
    value: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Recorded:
    """A finished run, read from its folder: the summary, and by id the rows that it is over."""

    name: str
    summary: Mapping[str, Any]
    rows: Mapping[str, Row]


def compare_runs(
    folders: Sequence[Path], *, seed: int = 0
) -> tuple[list[Recorded], list[Difference]]:
    """The runs, and how each differs from the first.

    Raises ConfigError for differing data. Two runs that share no answered question have no
    differences.
    """
    runs = read_runs(folders)
    for run in runs[1:]:
        check_same_data(runs[0], run)
    return runs, [d for run in runs[1:] for d in differences(run, runs[0], seed=seed)]


def read_runs(folders: Sequence[Path]) -> list[Recorded]:
    """Finished runs by folder, named by graph, or by folder where two have the same graph."""
    summaries = [read_summary(folder) for folder in folders]
    graphs = [str(summary["graph"]) for summary in summaries]
    unique = len(set(graphs)) == len(graphs)
    return [
        Recorded(graph if unique else folder.name, summary, _summarised(folder, summary))
        for graph, folder, summary in zip(graphs, folders, summaries, strict=True)
    ]


def _summarised(folder: Path, summary: Mapping[str, Any]) -> dict[str, Row]:
    """The rows that the summary is over; the folder may hold more, of a larger selection."""
    first, count = summary["offset"], summary["n"]
    rows = read_rows(folder)
    return {r["id"]: r for r in rows if first <= r["position"] < first + count}


def check_same_data(run: Recorded, other: Recorded) -> None:
    """Raise ConfigError that says what differs, unless both were made on the same data."""
    for key in ("dataset", "data_hash"):
        ours, theirs = run.summary[key], other.summary[key]
        if ours != theirs:
            raise ConfigError(
                f"'{run.name}' and '{other.name}' were run on different data: "
                f"{key} {ours} and {theirs}; compare runs on the same file"
            )


def differences(run: Recorded, baseline: Recorded, *, seed: int = 0) -> list[Difference]:
    """Per metric, over the questions that neither failed; metrics without values are left out."""
    shared = [i for i, row in run.rows.items() if not _failed(i, baseline) and not is_error(row)]
    found = []
    for metric in COMPARED:
        ids = [i for i in shared if run.rows[i][metric] is not None]
        if ids:
            ours = [run.rows[i][metric] for i in ids]
            theirs = [baseline.rows[i][metric] for i in ids]
            found.append(_difference(run.name, baseline.name, metric, ours, theirs, seed))
    return found


def as_document(runs: Sequence[Recorded], found: Sequence[Difference]) -> dict[str, Any]:
    """Both as plain JSON."""
    return {"runs": [run.summary for run in runs], "differences": [asdict(d) for d in found]}


def _difference(
    run: str, baseline: str, metric: str, ours: list[float], theirs: list[float], seed: int
) -> Difference:
    interval: Interval = paired_interval(ours, theirs, seed=seed)
    p = paired_permutation_test(ours, theirs, seed=seed)
    return Difference(run, baseline, metric, len(ours), *interval, p)


def _failed(question: str, run: Recorded) -> bool:
    row = run.rows.get(question)
    return row is None or is_error(row)
