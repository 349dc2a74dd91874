"""Whether a new run is worse than a baseline: for continuous integration."""

from collections import Counter
from collections.abc import Mapping, Sequence
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
    both answered; `lost` questions failed in a larger share of their seeds than the baseline's did,
    and `not_asked` the baseline has and the new run does not.
    """

    difference: Difference
    margin: float
    lost: int
    not_asked: int = 0

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
        missing = f"; {self.not_asked:,} questions of '{d.baseline}' were not asked"
        missing = missing if self.not_asked else ""
        return (
            f"{word}: {metric_name(d.metric)} {d.value:+.3f} [{d.low:+.3f}, {d.high:+.3f}] to "
            f"'{d.baseline}' on {d.n:,} questions (margin {self.margin:g}, p {p_value(d.p)})"
            f"{lost}{missing}"
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
    not_asked = len(before.rows.keys() - now.rows.keys())
    return Check(found[0], margin, _lost(before, now), not_asked)


def _check_metric(metric: str, runs: Sequence[Recorded]) -> None:
    known = metric_names(row for run in runs for row in run.all_rows)
    if metric not in known:
        raise ConfigError(f"unknown metric '{metric}'; these runs have: {', '.join(known)}")


def _lost(before: Recorded, now: Recorded) -> int:
    """Questions of both of which a larger share of the seeds failed now."""
    then, found = _failed_share(before), _failed_share(now)
    return sum(share > then[i] for i, share in found.items() if i in then)


def _failed_share(run: Recorded) -> Mapping[str, float]:
    asked = Counter(row["id"] for row in run.all_rows)
    failed = Counter(row["id"] for row in run.all_rows if is_error(row))
    return {i: failed[i] / count for i, count in asked.items()}
