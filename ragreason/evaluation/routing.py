"""Weights and limits of a graph's difficulty nodes, fitted to what each route scored and cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from ragreason.errors import ConfigError
from ragreason.evaluation.routes import Fork, Route
from ragreason.verification.calibration import fit_logistic, platt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
WRONG_BELOW = 0.5
"""An answer that scores less counts as wrong."""
FOLDS = 5
_MOST_COMBINATIONS = 10_000
_DIGITS = 4


@dataclass(frozen=True)
class Measured:
    """Every route on the same questions. `scores` and `tokens`: (routes, questions); `features`:
    of each fork, (questions, names of the fork).
    """

    routes: Sequence[Route]
    forks: Mapping[str, Fork]
    ids: Sequence[str]
    scores: Floats
    tokens: Floats
    names: Mapping[str, Sequence[str]]
    features: Mapping[str, Floats]

    def at(self, places: Ints) -> "Measured":
        """These questions."""
        return Measured(
            self.routes,
            self.forks,
            [self.ids[i] for i in places],
            self.scores[:, places],
            self.tokens[:, places],
            self.names,
            {node: values[places] for node, values in self.features.items()},
        )

    @property
    def best(self) -> int:
        """The route with the best mean score; of equals the cheapest."""
        scores, tokens = self.scores.mean(axis=1), self.tokens.mean(axis=1)
        return min(range(len(self.routes)), key=lambda i: (-scores[i], tokens[i]))


@dataclass(frozen=True)
class Estimate:
    """A fork's fit: sigmoid(weights @ features + intercept)."""

    weights: tuple[float, ...]
    intercept: float

    def of(self, features: Floats) -> Floats:
        """(questions, names) to (questions,)."""
        odds = features @ np.array(self.weights)
        return np.array([platt(float(z), 1.0, self.intercept) for z in odds])


@dataclass(frozen=True)
class Routing:
    """How questions are sent: each fork's estimate and its limits, in the order of its tests."""

    estimates: Mapping[str, Estimate]
    limits: Mapping[str, tuple[float, ...]]

    def routes(self, measured: Measured) -> Ints:
        """The route that each question takes: (questions,)."""
        hard = {node: e.of(measured.features[node]) for node, e in self.estimates.items()}
        return routes_taken(measured, hard, self.limits)


def calibrate_routing(measured: Measured, keep: float = 0.97) -> Routing:
    """The routing that spends the fewest tokens while its mean score is at least `keep` times the
    best route's; of equals the one with the higher score.

    A fork's estimate is the chance that its cheapest way on scores below 0.5, by logistic
    regression on the fork's features, rounded to 4 digits; where that never or always happens, it
    is constant. Limits are tried at up to some dozens of quantiles of the estimates, all forks
    together. The figures on the same questions flatter: see `held_out`. Raises ConfigError for
    fewer than 2 questions.
    """
    _check_number(len(measured.ids), 2)
    estimates = {node: _fitted(measured, node) for node in measured.forks}
    hard = {node: e.of(measured.features[node]) for node, e in estimates.items()}
    wanted = keep * measured.scores[measured.best].mean() - 1e-12
    found: tuple[tuple[bool, float, float], dict[str, tuple[float, ...]]] | None = None
    columns = np.arange(len(measured.ids))
    for limits in _limits(measured.forks, hard):
        taken = routes_taken(measured, hard, limits)
        score = float(measured.scores[taken, columns].mean())
        tokens = float(measured.tokens[taken, columns].mean())
        rank = (score < wanted, tokens if score >= wanted else -score, -score)
        if found is None or rank < found[0]:
            found = rank, limits
    assert found is not None
    return Routing(estimates, found[1])


def held_out(measured: Measured, keep: float = 0.97, folds: int = FOLDS) -> Ints:
    """The route of each question by a routing that was calibrated on the other folds' questions.

    Question i is in fold i mod `folds`; with fewer questions each is a fold of its own. Raises
    ConfigError for fewer than 3 questions.
    """
    places = np.arange(len(measured.ids))
    _check_number(places.size, 3)
    taken = np.zeros_like(places)
    folds = min(folds, len(places))
    for fold in range(folds):
        inside = places[places % folds == fold]
        routing = calibrate_routing(measured.at(places[places % folds != fold]), keep)
        taken[inside] = routing.routes(measured.at(inside))
    return taken


def _check_number(questions: int, least: int) -> None:
    if questions < least:
        raise ConfigError(
            f"{questions} questions without an error to calibrate on; expected at least {least}"
        )


def routes_taken(
    measured: Measured,
    hard: Mapping[str, Floats],
    limits: Mapping[str, tuple[float, ...]],
) -> Ints:
    """The route that each question takes, where `hard` holds each fork's difficulties."""
    ways = {
        node: _ways(fork.with_limits(limits[node]), hard[node])
        for node, fork in measured.forks.items()
    }
    taken = np.zeros(len(measured.ids), dtype=np.int64)
    for number, route in enumerate(measured.routes):
        fits = np.ones(len(measured.ids), dtype=bool)
        for node, way in route.choices.items():
            fits &= ways[node] == way
        taken[fits] = number
    return taken


def _ways(fork: Fork, hard: Floats) -> Ints:
    ways = np.full(len(hard), len(fork.tests), dtype=np.int64)
    for i in reversed(range(len(fork.tests))):
        kind, limit = fork.tests[i]
        ways[hard <= limit if kind == "at_most" else hard >= limit] = i
    return ways


def _fitted(measured: Measured, node: str) -> Estimate:
    names = measured.names[node]
    ahead = [i for i, route in enumerate(measured.routes) if node in route.choices]
    cheapest = min(ahead, key=lambda i: float(measured.tokens[i].mean()))
    wrong = measured.scores[cheapest] < WRONG_BELOW
    if wrong.all() or not wrong.any():
        return Estimate((0.0,) * len(names), 3.0 if wrong.all() else -3.0)
    weights, intercept = fit_logistic(measured.features[node], wrong)
    rounded = tuple(round(weight, _DIGITS) for weight in weights)
    return Estimate(rounded, round(intercept, _DIGITS))


def _limits(
    forks: Mapping[str, Fork], hard: Mapping[str, Floats]
) -> Iterator[dict[str, tuple[float, ...]]]:
    """Every combination of limits that is tried."""
    count = sum(len(fork.tests) for fork in forks.values())
    each = max(3, int(_MOST_COMBINATIONS ** (1 / count)))
    tried = {node: _between(values, min(each, 200)) for node, values in hard.items()}
    grids = [tried[node] for node, fork in forks.items() for _ in fork.tests]
    for flat in product(*grids):
        rest = list(flat)
        yield {node: tuple(rest.pop(0) for _ in fork.tests) for node, fork in forks.items()}


def _between(values: Floats, most: int) -> list[float]:
    """Limits from 0 (below all) to 1 (above all), the others between neighbouring values."""
    known = np.unique(values)
    middles = (known[1:] + known[:-1]) / 2
    if len(middles) > most - 2:
        middles = np.quantile(middles, np.linspace(0, 1, most - 2))
    return sorted({0.0, 1.0, *(round(float(at), _DIGITS) for at in middles)})
