"""The pictures of a report, section by section; a section without anything to show is None."""

from collections.abc import Sequence
from typing import Any

from ragreason.evaluation.statistics import Interval
from ragreason.report.charts import recall_curves, reliability, risk_coverage, scatter
from ragreason.report.confidence import calibration
from ragreason.report.gather import Told
from ragreason.report.groups import bars, by_group
from ragreason.report.retrieval import Curve, retrieval_curve
from ragreason.report.tokens import parts, spots
from ragreason.report.words import metric_name

Section = dict[str, Any]
_KINDS = {"type": "question type", "hops": "hops"}


def token_section(runs: Sequence[Told], metric: str) -> Section | None:
    """Runs among each other with the Pareto front; of a single run, its questions by their cost."""
    name = metric_name(metric)
    if len(runs) > 1:
        found = spots(runs, metric)
        about = (
            "A mark is a run, with 95 % intervals both ways. The filled ones, on the dashed line, "
            "are the Pareto front: no other run is as good for fewer tokens."
        )
        return _picture("", scatter(found, name), about) if found else None
    found = parts(runs[0].rows, metric)
    about = (
        f"The questions in {len(found)} parts of equal size, by how many tokens they took: "
        f"mean {name} and mean tokens of each, with 95 % intervals."
    )
    return _picture("", scatter(found, name, names=False), about) if found else None


def group_section(runs: Sequence[Told], metric: str) -> list[Section]:
    """Bars by question type and by hops, where there is more than one."""
    found = {kind: by_group(runs, kind, metric) for kind in _KINDS}
    return [
        {"kind": _KINDS[kind], "svg": bars(groups, metric_name(metric))}
        for kind, groups in found.items()
        if groups
    ]


def retrieval_section(runs: Sequence[Told]) -> list[Section]:
    """Recall over depth, and how often all supports are there, a line a run."""
    curves = [(i, run.name, retrieval_curve(run.rows)) for i, run in enumerate(runs)]
    found = [(i, name, curve) for i, name, curve in curves if curve is not None]
    if not found:
        return []
    return [
        _picture(
            "Support recall at k",
            recall_curves([(n, i, _of(c, whole=False)) for i, n, c in found], "recall@k"),
            "Of the passages that are needed, how many are among the first k distinct ones that "
            "were retrieved, in first-seen order; bands are 95 % intervals.",
        ),
        _picture(
            "All supports at k",
            recall_curves([(n, i, _of(c, whole=True)) for i, n, c in found], "all supports@k"),
            "The share of questions of which all needed passages are among the first k.",
        ),
    ]


def _of(curve: Curve, *, whole: bool) -> Sequence[Interval]:
    return curve.complete if whole else curve.recall


def calibration_section(runs: Sequence[Told]) -> Section | None:
    """Reliability and risk over coverage of the runs that give a confidence."""
    told = [(run.name, calibration(run.rows)) for run in runs]
    found = [(i, name, c) for i, (name, c) in enumerate(told) if c is not None]
    if not found:
        return None
    return {
        "found": [(name, c) for _, name, c in found],
        "pictures": [
            _picture(
                "Reliability",
                reliability(found),
                "On the dashed line, answers are right as often as their confidence says.",
            ),
            _picture(
                "Risk over coverage",
                risk_coverage(found),
                "If only the most confident share is answered, how many of those are wrong.",
            ),
        ],
    }


def _picture(title: str, svg: str, about: str) -> Section:
    return {"title": title, "svg": svg, "about": about}
