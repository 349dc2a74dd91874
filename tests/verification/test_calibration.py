"""The logistic map, and its fit, against the conditions that define them."""

import math
from typing import Any

import numpy as np
import pytest

from ragreason.errors import ConfigError
from ragreason.verification.calibration import fit_logistic, platt


def test_the_map_is_the_sigmoid() -> None:
    assert platt(0.0, 1.0, 0.0) == 0.5
    assert platt(2.0, 1.5, -1.0) == pytest.approx(1 / (1 + math.exp(-2.0)))
    assert platt(-3.0, 1.0, 0.0) == pytest.approx(1 - platt(3.0, 1.0, 0.0))


@pytest.mark.parametrize("score", [-1e9, 1e9, -math.inf, math.inf])
def test_extreme_scores_stay_probabilities(score: float) -> None:
    assert platt(score, 1.0, 0.0) == pytest.approx(float(score > 0))


def drawn(n: int = 400) -> tuple[Any, Any]:
    """Rows whose first feature says something about right, and whose second says nothing."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(n, 2))
    return x, rng.random(n) < 1 / (1 + np.exp(-(2.0 * x[:, 0] - 0.5)))


@pytest.mark.parametrize("penalty", [0.1, 1.0, 10.0])
def test_the_penalised_loss_has_no_slope_at_the_fit(penalty: float) -> None:
    x, y = drawn()
    weights, intercept = fit_logistic(x, y, penalty)
    residual = 1 / (1 + np.exp(-(x @ weights + intercept))) - y  # (n,)
    assert x.T @ residual + penalty * np.array(weights) == pytest.approx([0, 0], abs=0.02)
    assert residual.sum() == pytest.approx(0, abs=0.02)


def test_the_weights_that_drew_the_labels_are_found() -> None:
    (informed, useless), intercept = fit_logistic(*drawn(4000))
    assert informed == pytest.approx(2.0, abs=0.2)
    assert useless == pytest.approx(0.0, abs=0.1)
    assert intercept == pytest.approx(-0.5, abs=0.15)


def test_separable_rows_give_finite_weights() -> None:
    (weight,), _ = fit_logistic([[0.0], [1.0]], [False, True])
    assert 0 < weight < 10


@pytest.mark.parametrize(
    ("features", "right", "said"),
    [
        ([[0.1], [0.2]], [True], r"\(2, 1\) and right \(1,\)"),
        ([0.1, 0.2], [True, False], "expected"),
        (np.zeros((0, 1)), np.zeros(0), "at least 1"),
        ([[0.1], [0.2]], [True, True], "all 2 rows are right"),
        ([[0.1], [0.2]], [False, False], "all 2 rows are wrong"),
        ([[math.nan], [0.2]], [True, False], "not finite"),
    ],
)
def test_what_can_not_be_fitted_is_said(features: Any, right: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        fit_logistic(features, right)


def test_a_penalty_is_positive() -> None:
    with pytest.raises(ConfigError, match="penalty 0"):
        fit_logistic([[0.1], [0.2]], [True, False], penalty=0.0)
