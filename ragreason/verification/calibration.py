"""Scores to probabilities: a logistic map whose parameters are fitted to right and wrong."""

from collections.abc import Sequence
from math import exp, fsum, log

import numpy as np
import numpy.typing as npt

from ragreason.errors import ConfigError

Doubles = npt.NDArray[np.float64]


def platt(score: float, slope: float, intercept: float) -> float:
    """1 / (1 + exp(-(slope * score + intercept))), in [0, 1].

    `score` in any unit, mostly log-odds; slope 1 and intercept 0 are then the plain sigmoid.
    (0, 1, 0) gives 0.5. Source: Platt 1999, "Probabilistic outputs for support vector machines".
    """
    z = slope * score + intercept
    if z >= 0:
        return 1.0 / (1.0 + exp(-z))
    odds = exp(z)  # the other branch would overflow
    return odds / (1.0 + odds)


def log_odds(logits: Sequence[float], right: int = -1) -> float:
    """Log of p / (1 - p), p the softmax over `logits` at position `right`; of one logit, itself.

    So `platt(log_odds(z), 1, 0)` is the softmax, or the sigmoid of the only logit. Raises
    IndexError for a position that is not there. (0, 3) gives 3; (1, 1, 1) gives -ln 2.
    """
    at = logits[right]
    others = list(logits)
    del others[right]
    if not others:
        return float(at)
    top = max(others)
    return float(at - top - log(fsum(exp(other - top) for other in others)))


def fit_logistic(
    features: npt.ArrayLike, right: npt.ArrayLike, penalty: float = 1.0
) -> tuple[tuple[float, ...], float]:
    """Weights (d,) and intercept by which sigmoid(weights @ features + intercept) is the
    probability that a row is right.

    `features`: (n, d) finite numbers; `right`: (n,) true or false. Minimises the log loss summed
    over the rows plus `penalty` / 2 times the squared weights (the intercept is free), so features
    that tell nothing get weights near 0, and separable ones stay finite. Raises ConfigError for
    shapes that don't fit, and where all rows are right or all are wrong.
    """
    x = np.asarray(features, dtype=np.float64)  # (n, d)
    y = np.asarray(right, dtype=bool)  # (n,)
    _check(x, y, penalty)
    from sklearn.linear_model import LogisticRegression

    found = LogisticRegression(C=1.0 / penalty, tol=1e-8, max_iter=1000).fit(x, y)
    return tuple(float(w) for w in found.coef_[0]), float(found.intercept_[0])


def _check(x: Doubles, y: npt.NDArray[np.bool_], penalty: float) -> None:
    if x.ndim != 2 or y.shape != x.shape[:1] or 0 in x.shape:
        raise ConfigError(
            f"features {x.shape} and right {y.shape} don't fit; expected (n, d) and (n,), n and d "
            "at least 1"
        )
    if not np.isfinite(x).all():
        raise ConfigError("a feature is not finite; leave out what could not be scored")
    if y.all() or not y.any():
        which = "right" if y.all() else "wrong"
        raise ConfigError(f"all {len(y)} rows are {which}; a fit needs right ones and wrong ones")
    if penalty <= 0:
        raise ConfigError(f"penalty {penalty:g}: expected a positive number")
