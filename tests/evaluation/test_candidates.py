"""Strategies and budgets as the command line names them."""

import pytest

from ragreason.errors import ConfigError
from ragreason.evaluation.candidates import (
    Candidate,
    all_settings,
    parse_budgets,
    parse_candidate,
)


@pytest.mark.parametrize(
    ("text", "candidate", "label"),
    [
        ("beam", Candidate("beam"), "beam"),
        (
            "beam:branching=4,prune_below=0.2",
            Candidate("beam", {"branching": 4, "prune_below": 0.2}),
            "beam:branching=4,prune_below=0.2",
        ),
        (
            "solve=beam:branching=4",
            Candidate("beam", {"branching": 4}, "solve"),
            "solve=beam:branching=4",
        ),
        ("own.parts:Beam", Candidate("own.parts:Beam"), "own.parts:Beam"),
        (
            "own.parts:Beam:width=2",
            Candidate("own.parts:Beam", {"width": 2}),
            "own.parts:Beam:width=2",
        ),
        ("x:aggregation=min,s=[1,2]", Candidate("x", {"aggregation": "min", "s": [1, 2]}), None),
    ],
)
def test_a_strategy_is_a_name_with_parameters_for_a_node(
    text: str, candidate: Candidate, label: str | None
) -> None:
    assert parse_candidate(text) == candidate
    assert label is None or candidate.label == label


@pytest.mark.parametrize("text", ["", "beam:", "beam:=4,x", ":n=4", "beam:n=", "solve=", "x:n=[1"])
def test_a_strategy_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--strategy"):
        parse_candidate(text)


def test_budgets_ascend_and_come_once() -> None:
    assert parse_budgets("8, 1,2,2") == (1, 2, 8)
    for text in ("", "0", "1,,2", "-1", "1.5", "many"):
        with pytest.raises(ConfigError, match="expected whole numbers above 0"):
            parse_budgets(text)


def test_each_strategy_is_scaled_by_its_own_field_and_greedy_by_none() -> None:
    candidates = [Candidate("greedy"), Candidate("majority"), Candidate("beam", {"branching": 4})]
    found = all_settings(candidates, (1, 2))
    assert [(s.name, s.scales, s.parameters) for s in found] == [
        ("greedy", None, {}),
        ("majority-1", "n", {"n": 1}),
        ("majority-2", "n", {"n": 2}),
        ("beam_branching=4-1", "width", {"branching": 4, "width": 1}),
        ("beam_branching=4-2", "width", {"branching": 4, "width": 2}),
    ]


@pytest.mark.parametrize(
    ("candidates", "message"),
    [
        ([Candidate("beem")], "unknown strategy 'beem'; did you mean 'beam'"),
        ([Candidate("beam"), Candidate("beam")], "beam is given twice"),
        ([Candidate("beam", {"width": 4})], "'width' is what --budget sets"),
    ],
)
def test_settings_that_can_not_be_are_refused(candidates: list[Candidate], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        all_settings(candidates, (1,))
