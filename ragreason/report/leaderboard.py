"""All finished runs below a folder, best first, those on the same data together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ragreason.errors import ConfigError, DataError
from ragreason.evaluation.store import RUN, SUMMARY, read_summary
from ragreason.report.table import Line, line_of

_USUAL = ("accuracy", "f1", "ndcg@10")


@dataclass(frozen=True)
class Board:
    """Runs on the same data, best first by the metric; those without it come last."""

    dataset: str
    data_hash: str
    metric: str
    lines: Sequence[Line]

    @property
    def asked_alike(self) -> bool:
        """Whether all were asked as many questions; else their means are over different ones."""
        return len({line.n for line in self.lines}) == 1


def leaderboard(folder: Path, metric: str | None = None) -> tuple[list[Board], list[str]]:
    """The boards, by dataset and data hash, and why runs that were begun are on none.

    Without a `metric` each board has what its dataset is scored by: accuracy, F1, or else nDCG@10.
    Runs are named by their graphs; where two of a board have the same, by their folders. Raises
    ConfigError where there is no finished run, and for a metric that none has.
    """
    found: dict[tuple[str, str], list[tuple[Path, Line]]] = {}
    left_out = []
    for path in _run_folders(folder):
        try:
            line = _line(path)
        except (ConfigError, DataError) as error:
            left_out.append(str(error))
            continue
        found.setdefault((line.dataset, line.data_hash), []).append((path, line))
    if not found:
        raise ConfigError(f"{folder}: no finished evaluation in it or below it")
    if metric is not None:
        _check_metric(metric, [line for runs in found.values() for _, line in runs])
    boards = [
        _board(dataset, data_hash, _named(runs, folder), metric)
        for (dataset, data_hash), runs in sorted(found.items())
    ]
    return boards, left_out


def _board(dataset: str, data_hash: str, lines: Sequence[Line], metric: str | None) -> Board:
    by = metric or next((m for m in _USUAL if any(m in line.metrics for line in lines)), "f1")
    return Board(dataset, data_hash, by, _ordered(lines, by))


def _run_folders(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder")
    marks = {path.parent for name in (SUMMARY, RUN) for path in folder.rglob(name)}
    yield from sorted(marks)


def _line(path: Path) -> Line:
    summary = read_summary(path)
    try:
        return line_of(str(summary["graph"]), summary)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path / SUMMARY}: damaged: {error}; run its eval again") from error


def _check_metric(metric: str, lines: Sequence[Line]) -> None:
    known = list(dict.fromkeys(name for line in lines for name in line.metrics))
    if metric not in known:
        raise ConfigError(f"no run has the metric '{metric}'; they have: {', '.join(known)}")


def _named(runs: Sequence[tuple[Path, Line]], folder: Path) -> list[Line]:
    names = [line.name for _, line in runs]
    return [
        line
        if names.count(line.name) == 1
        else replace(line, name=str(path.relative_to(folder)) if path != folder else path.name)
        for path, line in runs
    ]


def _ordered(lines: Sequence[Line], metric: str) -> list[Line]:
    """Best first; of equals the one with fewer tokens."""

    def place(line: Line) -> tuple[float, float]:
        interval = line.metrics.get(metric)
        return (-interval.value if interval else 1.0, line.tokens)

    return sorted(lines, key=place)
