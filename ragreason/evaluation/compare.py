"""Finished runs against each other, on the questions that both answered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from ragreason.errors import ConfigError
from ragreason.evaluation.figures import grouped, is_small, question_values
from ragreason.evaluation.power import minimal_detectable_difference
from ragreason.evaluation.rows import Row, is_error
from ragreason.evaluation.statistics import (
    holm,
    mcnemar,
    paired_interval,
    paired_permutation_test,
)
from ragreason.evaluation.store import read_rows, read_summary

COMPARED = ("accuracy", "em", "f1", "support_recall")


@dataclass(frozen=True)
class Difference:
    """A metric of `run` minus that of `baseline` over `n` shared questions, seeds averaged.

    `p` is that of the two-sided paired permutation test, `p_holm` the same corrected for all runs
    that are compared by this metric. `p_mcnemar` is McNemar's, where all values are 0 or 1, and
    `only_run` and `only_baseline` say how many questions only the one got right. A true difference
    as large as `detectable` would have been found with a chance of 0.8.
    """

    run: str
    baseline: str
    metric: str
    n: int
    value: float
    low: float
    high: float
    p: float
    p_holm: float
    p_mcnemar: float | None = None
    only_run: int | None = None
    only_baseline: int | None = None
    detectable: float | None = None
    small_sample: bool = False


@dataclass(frozen=True)
class Recorded:
    """A finished run, read from its folder: the summary, and the rows that it is over.

    `rows` has one for each question, by id, the first that is no error where there are several
    seeds; `all_rows` has those of every seed.
    """

    name: str
    summary: Mapping[str, Any]
    rows: Mapping[str, Row]
    all_rows: Sequence[Row] = ()


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
    found = [d for run in runs[1:] for d in differences(run, runs[0], seed=seed)]
    return runs, corrected(found)


def read_runs(folders: Sequence[Path]) -> list[Recorded]:
    """Finished runs by folder, named by graph, or by folder where two have the same graph."""
    summaries = [read_summary(folder) for folder in folders]
    names = _names([str(summary["graph"]) for summary in summaries], folders)
    return [
        recorded(name, summary, _summarised(folder, summary))
        for name, folder, summary in zip(names, folders, summaries, strict=True)
    ]


def _names(graphs: Sequence[str], folders: Sequence[Path]) -> Sequence[str]:
    """The shortest that tell all apart: graphs, folders' names, or whole paths."""
    short = [folder.name for folder in folders]
    return next(
        (names for names in (graphs, short) if len(set(names)) == len(names)),
        [str(folder) for folder in folders],
    )


def recorded(name: str, summary: Mapping[str, Any], rows: Sequence[Row]) -> Recorded:
    """A run by its rows."""
    first: dict[str, Row] = {}
    for row in rows:
        if row["id"] not in first or is_error(first[row["id"]]):
            first[row["id"]] = row
    return Recorded(name, summary, first, rows)


def _summarised(folder: Path, summary: Mapping[str, Any]) -> list[Row]:
    """The rows that the summary is over; the folder may hold more, of a larger selection.

    They stand in the dataset's order, not in that of writing, as what is drawn depends on it.
    """
    first, count = summary["offset"], summary["n"]
    rows = (r for r in read_rows(folder) if first <= r["position"] < first + count)
    return sorted(rows, key=lambda r: (r["position"], r.get("seed") or 0))


def check_same_data(run: Recorded, other: Recorded) -> None:
    """Raise ConfigError that says what differs, unless both were made on the same data."""
    for key in ("dataset", "data_hash"):
        ours, theirs = run.summary[key], other.summary[key]
        if ours != theirs:
            raise ConfigError(
                f"'{run.name}' and '{other.name}' were run on different data: "
                f"{key} {ours} and {theirs}; compare runs on the same file"
            )


def differences(
    run: Recorded,
    baseline: Recorded,
    *,
    metrics: Iterable[str] = COMPARED,
    seed: int = 0,
) -> list[Difference]:
    """Per metric, over the questions that neither failed; metrics without values are left out.
    Nothing is corrected for many tests: give all to `corrected`.
    """
    found = []
    for metric in metrics:
        ours, theirs = (
            question_values(run.all_rows, metric),
            question_values(baseline.all_rows, metric),
        )
        shared = [question for question in ours if question in theirs]
        if shared:
            values = [ours[i] for i in shared], [theirs[i] for i in shared]
            found.append(_difference(run.name, baseline.name, metric, *values, seed))
    return found


def differences_by_group(
    run: Recorded, baseline: Recorded, kind: str, *, seed: int = 0
) -> dict[str, list[Difference]]:
    """The same among questions of one `type`, or of as many `hops`, by that value.

    `p_holm` is corrected for all groups: one of many differs by chance.
    """
    parts = {
        side.name: {
            str(v): recorded(side.name, side.summary, rows)
            for v, rows in grouped(side.all_rows, kind).items()
        }
        for side in (run, baseline)
    }
    ours, theirs = parts[run.name], parts[baseline.name]
    found = [
        (v, d) for v in ours if v in theirs for d in differences(ours[v], theirs[v], seed=seed)
    ]
    result: dict[str, list[Difference]] = {}
    for (value, _), difference in zip(found, corrected([d for _, d in found]), strict=True):
        result.setdefault(value, []).append(difference)
    return result


def corrected(found: Sequence[Difference]) -> list[Difference]:
    """The differences with `p_holm` over all that have the same metric."""
    ordered = sorted(range(len(found)), key=lambda i: found[i].metric)
    result = list(found)
    for _, group in groupby(ordered, key=lambda i: found[i].metric):
        places = list(group)
        for place, p in zip(places, holm([found[i].p for i in places]), strict=True):
            result[place] = replace(found[place], p_holm=p)
    return result


def as_document(runs: Sequence[Recorded], found: Sequence[Difference]) -> dict[str, Any]:
    """Both as plain JSON."""
    return {"runs": [run.summary for run in runs], "differences": [asdict(d) for d in found]}


def _difference(
    run: str, baseline: str, metric: str, ours: list[float], theirs: list[float], seed: int
) -> Difference:
    p = paired_permutation_test(ours, theirs, seed=seed)
    discordant = mcnemar(ours, theirs)
    return Difference(
        run,
        baseline,
        metric,
        len(ours),
        *paired_interval(ours, theirs, seed=seed),
        p,
        p_holm=p,
        p_mcnemar=discordant.p if discordant else None,
        only_run=discordant.first if discordant else None,
        only_baseline=discordant.second if discordant else None,
        detectable=minimal_detectable_difference(ours, theirs),
        small_sample=is_small(len(ours)),
    )
