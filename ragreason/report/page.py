"""Report pages as files."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ragreason.errors import ConfigError
from ragreason.evaluation.compare import (
    COMPARED,
    Difference,
    check_same_data,
    corrected,
    differences,
    read_runs,
    recorded,
)
from ragreason.evaluation.passages import read_passages
from ragreason.evaluation.store import read_summary, write_whole
from ragreason.report.gather import Told, main_metric, told
from ragreason.report.render import render

PAGE = "report.html"


def write_report(folders: Sequence[Path], out: Path | None = None) -> Path:
    """Write the page of a finished run, or of several against the first; gives its path.

    By default it is `report.html` in the run's folder, of several in the folder that holds the
    first. Raises ConfigError for folders without a finished run, for differing data, and where the
    page can't be written.
    """
    runs = read_told(folders)
    page = render(runs, differences_to_first(runs))
    path = out or (folders[0] if len(folders) == 1 else folders[0].parent) / PAGE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, page)
    except OSError as error:
        raise ConfigError(f"{path}: can't be written: {error.strerror}") from error
    return path


def write_reports(folders: Sequence[Path], out: Path | None = None) -> list[Path]:
    """A page in each run's folder, and for several runs one that compares them.

    That one comes last. It lies in `out`, or without it beside the first one's folder, under a name
    made of the runs' keys.
    """
    pages = [write_report([folder]) for folder in folders]
    if len(folders) < 2:
        return pages
    keys = "".join(str(read_summary(folder).get("key", folder.name)) for folder in folders)
    name = f"report-{hashlib.sha256(keys.encode()).hexdigest()[:16]}.html"
    together = out / PAGE if out is not None else folders[0].parent / name
    return [*pages, write_report(folders, together)]


def read_told(folders: Sequence[Path]) -> list[Told]:
    """The finished runs with all that is kept of them. Raises ConfigError for differing data."""
    runs = read_runs(folders)
    for run in runs[1:]:
        check_same_data(runs[0], run)
    pairs = zip(runs, folders, strict=True)
    return [told(run, read_passages(folder)) for run, folder in pairs]


def differences_to_first(runs: Sequence[Told]) -> list[Difference]:
    """How each run differs from the first on the questions that both answered."""
    metrics = dict.fromkeys([main_metric(runs), *COMPARED])
    first, *others = (recorded(run.name, run.summary, run.rows) for run in runs)
    return corrected([d for run in others for d in differences(run, first, metrics=metrics)])
