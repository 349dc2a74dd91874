"""Whether a new run is worse than a baseline: for continuous integration."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ragreason.errors import ConfigError
from ragreason.evaluation.compare import (
    Difference,
    Recorded,
    check_same_data,
    differences,
    read_runs,
)
from ragreason.evaluation.figures import metric_names
from ragreason.evaluation.rows import is_error
from ragreason.report.words import metric_name, p_value

MARGIN = 0.02


@dataclass(frozen=True)
class Check:
    """What a check found. `difference` is the new run's minus the baseline's, on the questions that
    both answered; `lost` questions the baseline answered and the new run failed.
    """

    difference: Difference
    margin: float
    lost: int

    @property
    def worse(self) -> bool:
        """Lower by more than the margin, or a question lost: a run that fails hides its score."""
        return self.difference.value < -self.margin - 1e-9 or self.lost > 0

    @property
    def line(self) -> str:
        """What was found, in one line."""
        d = self.difference
        word = "worse" if self.worse else "not worse"
        lost = f"; {self.lost:,} questions that '{d.baseline}' answered failed" if self.lost else ""
        return (
            f"{word}: {metric_name(d.metric)} {d.value:+.3f} [{d.low:+.3f}, {d.high:+.3f}] to "
            f"'{d.baseline}' on {d.n:,} questions (margin {self.margin:g}, p {p_value(d.p)}){lost}"
        )


def check_regression(
    baseline: Path, new: Path, *, metric: str = "f1", margin: float = MARGIN, seed: int = 0
) -> Check:
    """Compare two finished runs by a metric of which more is better.

    The margin is on the mean difference itself: on the same questions a deterministic run does not
    vary, so no test is asked whether to believe it; interval and p-value are told to judge others.
    Raises ConfigError for differing data, an unknown metric, a negative margin, and runs that share
    no question.
    """
    if margin < 0:
        raise ConfigError(f"--margin is how much worse is still well: at least 0, got {margin:g}")
    runs = read_runs([baseline, new])
    before, now = runs
    check_same_data(before, now)
    _check_metric(metric, runs)
    found = differences(now, before, metrics=[metric], seed=seed)
    if not found:
        raise ConfigError(
            f"{new} and {baseline} share no question that both answered and that has {metric}"
        )
    return Check(found[0], margin, _lost(before, now))


def _check_metric(metric: str, runs: Sequence[Recorded]) -> None:
    known = metric_names(row for run in runs for row in run.all_rows)
    if metric not in known:
        raise ConfigError(f"unknown metric '{metric}'; these runs have: {', '.join(known)}")


def _lost(before: Recorded, now: Recorded) -> int:
    """Questions that the one answered and the other failed with every seed."""
    return sum(
        is_error(row) and i in before.rows and not is_error(before.rows[i])
        for i, row in now.rows.items()
    )
