"""Weights and limits from what routes scored and cost."""

from collections.abc import Sequence

import numpy as np
import pytest

from ragreason.errors import ConfigError
from ragreason.evaluation.routes import Fork, Route
from ragreason.evaluation.routing import (
    Measured,
    Routing,
    calibrate_routing,
    held_out,
    routes_taken,
)

FORK = Fork("judge", ("cheap", "dear"), (("at_most", 0.5),))
ROUTES = (Route("cheap", {"judge": 0}), Route("dear", {"judge": 1}))


def measured(
    cheap: Sequence[float],
    dear: Sequence[float],
    feature: Sequence[float],
    tokens: tuple[float, float] = (100.0, 1000.0),
    fork: Fork = FORK,
) -> Measured:
    scores = np.array([cheap, dear], dtype=np.float64)
    return Measured(
        ROUTES,
        {"judge": fork},
        [f"q{i}" for i in range(len(feature))],
        scores,
        np.outer(tokens, np.ones(len(feature))),
        {"judge": ["doubt"]},
        {"judge": np.array(feature, dtype=np.float64)[:, None]},
    )


def told_apart(n: int = 40) -> Measured:
    """The cheap way is right on the first half, where the feature is low; the dear one always."""
    half = [1.0] * (n // 2) + [0.0] * (n // 2)
    return measured(half, [1.0] * n, [i / n for i in range(n)])


def figures(found: Measured, taken: Sequence[int]) -> tuple[float, float]:
    columns = np.arange(len(found.ids))
    ways = np.asarray(taken)
    return float(found.scores[ways, columns].mean()), float(found.tokens[ways, columns].mean())


def test_a_question_goes_the_cheap_way_exactly_where_that_is_right() -> None:
    found = told_apart()
    taken = calibrate_routing(found, keep=1.0).routes(found)
    assert taken.tolist() == [0] * 20 + [1] * 20


def test_a_lower_share_of_the_score_costs_less() -> None:
    found = told_apart()
    spent = [
        figures(found, calibrate_routing(found, keep).routes(found).tolist())
        for keep in (1.0, 0.8, 0.5)
    ]
    assert [score for score, _ in spent] == pytest.approx([1.0, 0.8, 0.5])
    assert spent[0][1] > spent[1][1] > spent[2][1] == 100.0


def test_the_score_wanted_is_always_reached() -> None:
    draw = np.random.default_rng(0)
    for _ in range(20):
        cheap, dear, feature = draw.integers(0, 2, (3, 30)).astype(float)
        found = measured(cheap.tolist(), dear.tolist(), feature.tolist())
        score, tokens = figures(found, calibrate_routing(found).routes(found).tolist())
        assert score >= 0.97 * found.scores.mean(axis=1).max() - 1e-9
        assert tokens <= 1000


def test_it_is_the_best_of_all_limits() -> None:
    """Against every way to cut the questions in two by their estimate."""
    draw = np.random.default_rng(1)
    cheap = (draw.random(25) < 0.4).astype(float)
    dear = (draw.random(25) < 0.6).astype(float)
    found = measured(cheap.tolist(), dear.tolist(), draw.random(25).tolist())
    routing = calibrate_routing(found)
    hard = routing.estimates["judge"].of(found.features["judge"])
    wanted = 0.97 * found.scores.mean(axis=1).max() - 1e-9
    least = min(
        tokens
        for limit in [-1.0, *hard]
        for score, tokens in [figures(found, (hard > limit).astype(int).tolist())]
        if score >= wanted
    )
    assert figures(found, routing.routes(found).tolist())[1] == pytest.approx(least)


def test_where_the_dear_way_never_helps_it_is_never_taken() -> None:
    found = measured([1.0, 0.0] * 10, [0.0] * 20, list(np.linspace(0, 1, 20)))
    assert found.best == 0
    assert not calibrate_routing(found).routes(found).any()


@pytest.mark.parametrize("right", [0.0, 1.0])
def test_where_the_cheap_way_is_always_alike_nothing_is_fitted(right: float) -> None:
    found = measured([right] * 6, [1.0] * 6, [0.1] * 6)
    routing = calibrate_routing(found)
    assert routing.estimates["judge"].weights == (0.0,)
    assert set(routing.routes(found).tolist()) == {0 if right else 1}


def test_a_fork_that_asks_for_hard_questions_first_is_calibrated_alike() -> None:
    other = Fork("judge", ("dear", "cheap"), (("at_least", 0.5),))
    base = told_apart()
    found = measured(
        base.scores[0].tolist(), base.scores[1].tolist(), base.features["judge"][:, 0].tolist(),
        fork=other,
    )  # fmt: skip
    turned = Measured(
        (Route("cheap", {"judge": 1}), Route("dear", {"judge": 0})),
        found.forks, found.ids, found.scores, found.tokens, found.names, found.features,
    )  # fmt: skip
    assert calibrate_routing(turned, keep=1.0).routes(turned).tolist() == [0] * 20 + [1] * 20


def test_two_forks_are_calibrated_together() -> None:
    forks = {
        "ask": Fork("ask", ("recall", "judge"), (("at_most", 0.5),)),
        "judge": FORK,
    }
    routes = (
        Route("recall", {"ask": 0}),
        Route("cheap", {"ask": 1, "judge": 0}),
        Route("dear", {"ask": 1, "judge": 1}),
    )
    third = np.arange(30) // 10  # 0: known by heart, 1: read once, 2: needs the loop
    scores = np.array([third == 0, third <= 1, third <= 2], dtype=np.float64)
    found = Measured(
        routes, forks, [str(i) for i in range(30)], scores,
        np.outer([10.0, 100.0, 1000.0], np.ones(30)),
        {"ask": ["words"], "judge": ["doubt"]},
        {"ask": np.linspace(0, 1, 30)[:, None], "judge": np.linspace(0, 1, 30)[:, None]},
    )  # fmt: skip
    assert calibrate_routing(found, keep=1.0).routes(found).tolist() == third.tolist()


def test_figures_held_out_come_from_other_questions() -> None:
    """A feature that is noise fits its own questions and no others."""
    draw = np.random.default_rng(3)
    cheap = (draw.random(60) < 0.5).astype(float)
    found = measured(cheap.tolist(), [1.0] * 60, draw.random(60).tolist())
    seen = figures(found, calibrate_routing(found, keep=0.9).routes(found).tolist())
    unseen = figures(found, held_out(found, keep=0.9).tolist())
    assert seen[0] >= 0.9
    assert unseen[0] < seen[0]
    informed = told_apart()
    assert figures(informed, held_out(informed, keep=0.9).tolist())[0] >= 0.85


def test_limits_send_each_question_one_way() -> None:
    found = measured([0.0] * 3, [1.0] * 3, [0.0] * 3)
    taken = routes_taken(found, {"judge": np.array([0.2, 0.5, 0.8])}, {"judge": (0.5,)})
    assert taken.tolist() == [0, 0, 1]


def test_one_question_is_too_few() -> None:
    with pytest.raises(ConfigError, match=r"1 questions .* to calibrate on; expected at least 2"):
        calibrate_routing(measured([1.0], [1.0], [0.0]))


def test_of_two_questions_none_can_be_held_out() -> None:
    two, three = (measured([1.0] * n, [1.0] * n, [0.0] * n) for n in (2, 3))
    with pytest.raises(ConfigError, match=r"2 questions .* expected at least 3"):
        held_out(two)
    assert held_out(three).tolist() == [0, 0, 0]


def test_a_routing_is_a_value() -> None:
    found = told_apart()
    assert calibrate_routing(found) == calibrate_routing(found)
    assert isinstance(calibrate_routing(found), Routing)
