"""Calibrating on runs of which the right table is known."""

from collections.abc import Iterable

import pytest

from ragreason.errors import ConfigError
from ragreason.search.calibrate import Measured, calibrate
from ragreason.search.choices import Choice, NamedStrategy
from ragreason.search.compute_optimal import ComputeOptimal
from ragreason.search.majority import Majority


def named(use: str, **parameters: object) -> NamedStrategy:
    return NamedStrategy.model_validate({"use": use, **parameters})


GREEDY, FOUR, EIGHT = named("greedy"), named("majority", n=4), named("majority", n=8)
BEAM = named("beam", width=4)


def rows(
    table: dict[float, list[tuple[NamedStrategy, float, float]]],
) -> Iterable[Measured]:
    """One question a difficulty: each strategy's score and tokens."""
    for difficulty, runs in table.items():
        for strategy, score, tokens in runs:
            yield Measured(
                question=f"q{difficulty}",
                difficulty=difficulty,
                strategy=strategy,
                score=score,
                tokens=tokens,
            )


EASY = [(GREEDY, 1.0, 100.0), (FOUR, 1.0, 400.0), (BEAM, 1.0, 900.0)]
MIDDLE = [(GREEDY, 0.0, 100.0), (FOUR, 1.0, 400.0), (BEAM, 0.5, 900.0)]
HARD = [(GREEDY, 0.0, 100.0), (FOUR, 0.0, 400.0), (BEAM, 1.0, 900.0)]
KNOWN = {0.0: EASY, 0.2: EASY, 0.4: MIDDLE, 0.6: MIDDLE, 0.8: HARD, 1.0: HARD}


def test_each_bin_gets_what_is_best_there_and_ties_go_to_the_cheaper() -> None:
    table = calibrate(rows(KNOWN), max_tokens=1000)
    assert [choice.strategy for choice in table] == [GREEDY, FOUR, BEAM]
    # numpy's linear quantiles of 0, 0.2, ..., 1 at 1/3 and 2/3
    assert [choice.at_most for choice in table] == pytest.approx([1 / 3, 2 / 3, 1.0])


def test_what_spends_too_much_is_no_choice_and_neighbours_with_one_choice_are_one() -> None:
    table = calibrate(rows(KNOWN), max_tokens=500)
    assert [choice.strategy for choice in table] == [GREEDY, FOUR, GREEDY]
    assert calibrate(rows(KNOWN), max_tokens=100) == (Choice(at_most=1, strategy=GREEDY),)


def test_tokens_count_by_their_mean_in_the_bin() -> None:
    table = {0.5: [(FOUR, 1.0, 400.0), (GREEDY, 0.0, 1.0)]}
    cheap = {"question": "b", "tokens": 100.0}
    runs = [*rows(table), *(row.model_copy(update=cheap) for row in rows(table))]
    assert calibrate(runs, max_tokens=250, bins=1)[0].strategy == FOUR
    assert calibrate(runs, max_tokens=249, bins=1)[0].strategy == GREEDY


def test_equal_scores_and_tokens_go_to_the_first_seen() -> None:
    table = {0.5: [(EIGHT, 1.0, 5.0), (FOUR, 1.0, 5.0)]}
    assert calibrate(rows(table), max_tokens=9)[0].strategy == EIGHT


def test_a_sum_s_order_breaks_no_tie() -> None:
    scores = [0.1, 0.2, 0.3, 0.4, 0.6]
    runs = [
        Measured(question=f"{i}", difficulty=0.5, strategy=s, score=score, tokens=tokens)
        for s, tokens, order in ((FOUR, 9.0, scores), (GREEDY, 1.0, scores[::-1]))
        for i, score in enumerate(order)
    ]
    assert calibrate(runs, max_tokens=10)[0].strategy == GREEDY


def test_equal_difficulties_stay_together_and_empty_bins_are_left_out() -> None:
    runs = [
        row.model_copy(update={"question": f"{row.question}/{i}"})
        for row in rows({0.25: EASY, 1.0: HARD})
        for i in range(3 if row.difficulty == 0.25 else 1)
    ]
    table = calibrate(runs, max_tokens=1000, bins=4)
    assert [choice.strategy for choice in table] == [GREEDY, BEAM]
    assert 0.25 <= table[0].at_most < 1


def test_the_order_of_parameters_makes_no_other_strategy() -> None:
    one = NamedStrategy.model_validate({"use": "majority", "n": 4, "max_depth": 2})
    other = NamedStrategy.model_validate({"max_depth": 2, "n": 4, "use": "majority"})
    table = {0.1: [(one, 1.0, 1.0)], 0.9: [(other, 1.0, 1.0)]}
    assert calibrate(rows(table), max_tokens=1) == (Choice(at_most=1, strategy=one),)


def test_a_search_takes_the_table_as_it_is() -> None:
    search = ComputeOptimal(choices=calibrate(rows(KNOWN), max_tokens=500))
    assert search.choice(0.5) == Majority(n=4)


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        ({}, "no measured runs"),
        ({0.1: EASY, 0.2: EASY[:2]}, r"\{use: beam, width: 4\} was not measured on 1 of 2 .*q0.2"),
        ({0.1: [(BEAM, 1.0, 2000.0)]}, "no strategy spends at most 1000 tokens .* spends 2000"),
    ],
)
def test_what_can_not_be_calibrated_on_is_said(
    runs: dict[float, list[tuple[NamedStrategy, float, float]]], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        calibrate(rows(runs), max_tokens=1000)


def test_one_question_has_one_difficulty_and_bins_are_at_least_one() -> None:
    (row,) = rows({0.5: [(GREEDY, 1.0, 1.0)]})
    with pytest.raises(ConfigError, match=r"'q0.5' has the difficulties 0.5 and 0.6"):
        calibrate([row, row.model_copy(update={"difficulty": 0.6})], max_tokens=1)
    with pytest.raises(ConfigError, match="0 bins"):
        calibrate([row], max_tokens=1, bins=0)
