"""The report as one HTML page that loads nothing: sections from runs, put into the template.

Jinja2 escapes every text. What the template takes as it stands (`|safe`) is drawn by `svg`, escaped
by `compact`, or one of the package's own files.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from ragreason import __version__
from ragreason.evaluation.compare import Difference
from ragreason.report.causes import CAUSES, MEANINGS
from ragreason.report.charts import legend_mark
from ragreason.report.compact import compact
from ragreason.report.examples import Example, examples, per_cause
from ragreason.report.gather import Told, main_metric
from ragreason.report.sections import (
    calibration_section,
    group_section,
    retrieval_section,
    token_section,
)
from ragreason.report.svg import SERIES
from ragreason.report.table import USED, every, leading, line_of
from ragreason.report.words import metric_name, p_value
from ragreason.text.passages import mended

_NOT_IDENTITY = frozenset(
    "n errors forced abstained versions metrics groups usage cache prefix_reuse cost latency_s "
    "first_token_s small_sample minimal_detectable_difference".split()
)


def render(runs: Sequence[Told], differences: Sequence[Difference] = ()) -> str:
    """The page of one run, or of several against each other, the first being the baseline."""
    import jinja2

    style, script = (_asset(name) for name in ("page.css", "page.js"))
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters |= {"metric": metric_name, "p": p_value}
    told = _told(runs, differences)
    context = {
        **told,
        "marks": [legend_mark(i) for i in range(SERIES)],
        "style": style,
        "script": script,
        "style_hash": _hash(style),
        "script_hash": _hash(script),
    }
    template = environment.from_string(_asset("page.html.j2"))
    return mended(template.render(context))


def _told(runs: Sequence[Told], differences: Sequence[Difference]) -> dict[str, Any]:
    main = main_metric(runs)
    lines = [line_of(run.name, run.summary) for run in runs]
    most = per_cause(len(runs))
    found = [examples(run, most, f"x{number}") for number, run in enumerate(runs)]
    drawn = runs[:SERIES]
    leads = leading(lines)
    return {
        "title": _title(runs),
        "lead": _lead(runs),
        "several": len(runs) > 1,
        "seeded": any(len(line.seeds) > 1 for line in lines),
        "small": any(line.small for line in lines),
        "unlike": _unlike(runs),
        "detectable": _detectable(runs[0], main),
        "lines": lines,
        "series": [run.name for run in drawn],
        "main": main,
        "leading": leads,
        "every": every(lines),
        "further": True,
        "costs": [(name, f"{name.replace('_', ' ')} a question") for name in USED],
        "tops": {
            m: max(line.metrics[m].value for line in lines if m in line.metrics) for m in leads
        },
        "differences": list(differences),
        "tokens": token_section(runs, main),
        "groups": group_section(drawn, main),
        "retrieval": retrieval_section(drawn),
        "calibration": calibration_section(drawn),
        "causes": _causes(runs),
        "examples": [_examples(run, shown) for run, shown in zip(runs, found, strict=True)],
        "any_examples": any(found),
        "most": most,
        "identity": _identity(runs),
        "versions": sorted((runs[0].summary.get("versions") or {}).items()),
        "version": __version__,
        "data": compact(runs, main, _places(found)),
    }


def _title(runs: Sequence[Told]) -> str:
    data = runs[0].summary["dataset"]
    names = [run.name for run in runs]
    if len(names) <= 3:
        return (
            f"{' and '.join([', '.join(names[:-1]), names[-1]] if names[1:] else names)} on {data}"
        )
    return f"{len(names)} runs on {data}"


def _lead(runs: Sequence[Told]) -> str:
    counts = sorted({run.summary["n"] for run in runs})
    asked = " to ".join(f"{n:,}" for n in dict.fromkeys([counts[0], counts[-1]]))
    models = {str(run.summary.get("model.main") or "") for run in runs} - {""}
    model = f", model {models.pop()}" if len(models) == 1 else ""
    return f"{asked} questions, data {runs[0].summary['data_hash']}{model}"


def _unlike(runs: Sequence[Told]) -> str:
    """What to say where runs were not asked the same questions."""
    asked = [{row["id"] for row in run.rows} for run in runs]
    shared = set.intersection(*asked)
    if all(ids == shared for ids in asked):
        return ""
    return (
        f"The runs share {len(shared):,} questions and differ in others: their means are over "
        "different questions. Differences below are over shared ones only."
    )


def _detectable(run: Told, metric: str) -> str:
    found = (run.summary.get("minimal_detectable_difference") or {}).get(metric)
    if found is None:
        return ""
    return (
        f"To another run of its size, a difference in {metric_name(metric)} below {found:.3f} "
        "would be missed more often than one time in five."
    )


def _causes(runs: Sequence[Told]) -> list[dict[str, Any]]:
    present = [cause for cause in CAUSES if any(cause in run.by_cause for run in runs)]
    return [
        {
            "index": list(CAUSES).index(cause),
            "name": CAUSES[cause],
            "meaning": MEANINGS[cause],
            "counts": [
                {"n": (n := len(run.by_cause.get(cause, ()))), "share": n / max(len(run.rows), 1)}
                for run in runs
            ],
        }
        for cause in present
    ]


def _examples(run: Told, shown: Mapping[Any, Sequence[Example]]) -> dict[str, Any]:
    return {
        "name": run.name,
        "causes": [
            {"name": CAUSES[cause], "n": len(run.by_cause[cause]), "shown": found}
            for cause, found in shown.items()
        ],
    }


def _places(found: Sequence[Mapping[Any, Sequence[Example]]]) -> dict[tuple[int, int], str]:
    """By run and position in its rows the place of an example in the page."""
    return {
        (number, int(example.place.partition("-")[2])): example.place
        for number, causes in enumerate(found)
        for shown in causes.values()
        for example in shown
    }


def _identity(runs: Sequence[Told]) -> list[tuple[str, list[str]]]:
    names = dict.fromkeys(name for run in runs for name in run.summary if _shown(run, name))
    return [(name, [str(run.summary.get(name, "–")) for run in runs]) for name in names]


def _shown(run: Told, name: str) -> bool:
    value = run.summary[name]
    return name not in _NOT_IDENTITY and value not in ("", None) and not isinstance(value, dict)


def _asset(name: str) -> str:
    return (files("ragreason.report") / "assets" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
