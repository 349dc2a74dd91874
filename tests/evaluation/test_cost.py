"""Tokens to operations and to money."""

import pytest

from ragreason.errors import ConfigError
from ragreason.evaluation.cost import Price, inference_flops, run_cost, training_flops
from ragreason.types import Usage

USAGES = [
    Usage(prompt_tokens=900, cached_tokens=300, completion_tokens=60, calls=2, retrievals=1),
    Usage(prompt_tokens=100, completion_tokens=40, reasoning_tokens=30, verifier_tokens=200),
]
DUMPED = [usage.model_dump() for usage in USAGES]


def test_operations_are_two_a_parameter_and_token_and_six_where_it_learns() -> None:
    assert inference_flops(7e9, 1_000) == 14e12
    assert training_flops(7e9, 1_000) == 42e12


def test_a_run_s_tokens_operations_and_money() -> None:
    price = Price(prompt=1.0, cached=0.1, completion=4.0, verifier=2.0)
    found = run_cost(DUMPED, parameters=1e9, price=price)
    assert found["tokens"] == {
        "prompt": 1_000, "cached": 300, "completion": 100, "reasoning": 30, "verifier": 200
    }  # fmt: skip
    assert (found["calls"], found["retrievals"]) == (2, 1)
    assert found["flops"] == 2e9 * 1_300
    assert found["flops_without_cached"] == 2e9 * 1_000
    assert found["money"] == pytest.approx((700 * 1 + 300 * 0.1 + 100 * 4 + 200 * 2) / 1e6)


def test_thinking_is_part_of_the_completion_and_paid_once() -> None:
    thought = Usage(completion_tokens=100, reasoning_tokens=90).model_dump()
    found = run_cost([thought], parameters=1.0, price=Price(prompt=1, completion=1))
    assert (found["flops"], found["money"]) == (200, 1e-4)


def test_what_is_not_known_is_null() -> None:
    found = run_cost(DUMPED)
    assert (found["flops"], found["flops_without_cached"], found["money"]) == (None, None, None)


def test_kinds_without_a_price_cost_what_the_prompt_does() -> None:
    found = run_cost(DUMPED, price=Price(prompt=1.0, completion=4.0))
    assert found["money"] == pytest.approx((1_000 + 400 + 200) / 1e6)


def test_a_price_is_read() -> None:
    assert Price.parse("prompt=0.15, completion=0.6") == Price(prompt=0.15, completion=0.6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prompt=0.15", "completion: Field required"),
        ("0.15", "expected money per million tokens"),
        ("prompt=1,completion=cheap", "completion: Input should be a valid number"),
        ("prompt=1,completion=-2", "greater than or equal to 0"),
        ("prompt=1,completion=nan", "finite number"),
        ("prompt=1,completion=1,speech=2", "speech: Extra inputs are not permitted"),
    ],
)
def test_a_price_that_can_not_be_read_is_told(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Price.parse(text)
