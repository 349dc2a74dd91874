"""The formulas of tree search, by hand."""

from math import inf, log, sqrt

import pytest

from ragreason.search.scale import Scale
from ragreason.search.uct import puct, puct_c, uct


def test_uct_is_the_mean_value_and_what_is_left_to_explore() -> None:
    by_hand = 0.5 + 1.4 * sqrt(log(16) / 4)
    assert uct(0.5, 4, 16, 1.4) == pytest.approx(by_hand, abs=1e-12)
    assert uct(0.5, 4, 16, 1.4) == pytest.approx(1.665576456, abs=1e-9)


def test_uct_never_divides_a_mean_by_the_visits_again() -> None:
    assert uct(0.9, 100, 100, 1e-9) == pytest.approx(0.9, abs=1e-8)


def test_uct_is_infinite_for_a_child_that_was_not_visited_unless_nothing_is_explored() -> None:
    assert uct(0.1, 0, 3, 1.4) == inf
    assert uct(0.1, 0, 0, 1.4) == inf
    assert uct(0.1, 0, 3, 0.0) == 0.1


def test_puct_weighs_exploration_by_the_prior() -> None:
    assert puct(0.5, 0.25, 4, 16, 1.25) == 0.75
    assert puct(0.5, 0.25, 0, 0, 1.25) == 0.5
    assert puct(0.5, 0.6, 1, 9, puct_c(9)) == pytest.approx(1.625457852, abs=1e-9)


def test_exploration_grows_slowly_with_the_visits() -> None:
    assert puct_c(0) == pytest.approx(1.25 + log(19653 / 19652), abs=1e-12)
    assert puct_c(19651) == pytest.approx(1.25 + log(2), abs=1e-9)


def test_scores_between_0_and_1_stay_as_they_are() -> None:
    scale = Scale()
    assert (scale.unit(0.3), scale.score(0.3)) == (0.3, 0.3)
    for score in (0.4, 0.6):
        scale.see(score)
    assert (scale.unit(0.4), scale.unit(0.6)) == (0.4, 0.6)


def test_scores_of_other_ranges_are_mapped_from_the_lowest_to_the_highest_seen() -> None:
    scale = Scale()
    scale.see(-3.0)
    assert scale.unit(-3.0) == 0.5
    scale.see(-1.0)
    assert [scale.unit(s) for s in (-3.0, -2.0, -1.0)] == [0.0, 0.5, 1.0]
    assert (scale.score(0.0), scale.score(1.0)) == (-3.0, -1.0)
    assert (scale.unit(-9.0), scale.unit(9.0)) == (0.0, 1.0)
