"""Tables of strategies, checked before anything runs."""

import pytest

from ragreason.errors import ConfigError
from ragreason.search.beam import Beam
from ragreason.search.choices import Choice, NamedStrategy, read_choices
from ragreason.search.majority import Majority


def test_plain_data_and_values_are_read_alike() -> None:
    plain = [
        {"at_most": 0.3, "strategy": {"use": "majority", "n": 4}},
        {"at_most": 1.0, "strategy": "beam"},
    ]
    read = read_choices(plain)
    assert [choice.strategy.made() for choice in read] == [Majority(n=4), Beam()]
    assert read_choices(read) == read


@pytest.mark.parametrize(
    ("strategy", "told"),
    [
        ("majorty", r"choices\.0\.strategy: unknown strategy 'majorty'; did you mean 'majority'"),
        ({"use": "majority", "m": 4}, "'majority' has no parameter 'm'; known: n, max_depth"),
        ({"use": "majority", "n": 0}, "'majority': n: input should be greater .*; given 0"),
        ("compute_optimal", "'compute_optimal' chooses among strategies; it can't be a choice"),
        ("my.module:Mine", "'my.module:Mine' is no registered strategy"),
        ({"n": 4}, "Field required"),
    ],
)
def test_what_is_wrong_with_a_strategy_is_said(strategy: object, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read_choices([{"at_most": 1, "strategy": strategy}])


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ([], "at least 1 item"),
        ([0.5, 0.5, 1], "at_most is 0.5, 0.5, 1.0; expected ascending limits"),
        ([0.5, 0.2, 1], "expected ascending limits"),
        ([0.5], "at_most is 0.5; expected 1.0 for the last"),
        ([0.5, 1.5], r"choices\.1\.at_most: Input should be less than or equal to 1"),
    ],
)
def test_limits_ascend_up_to_one(limits: list[float], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read_choices([{"at_most": limit, "strategy": "greedy"} for limit in limits])


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ConfigError, match="Extra inputs"):
        read_choices([{"at_most": 1, "strategy": "greedy", "budget": 3}])


def test_choices_are_values() -> None:
    one = NamedStrategy.model_validate({"use": "majority", "n": 4})
    assert Choice(at_most=1, strategy=one) == Choice.model_validate(
        {"at_most": 1, "strategy": {"n": 4, "use": "majority"}}
    )
