"""What a run cost: tokens by kind, calls, floating-point operations, and money at given prices."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ragreason.errors import ConfigError

KINDS = ("prompt", "cached", "completion", "reasoning", "verifier")
"""Cached tokens are a part of the prompt's, those of reasoning one of the completion's."""


class Price(BaseModel):
    """Money for a million tokens of a kind. Without a price of their own, cached tokens cost what
    others of the prompt do, and a verifier's what the prompt's do: it reads more than it writes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: float = Field(ge=0, allow_inf_nan=False)
    completion: float = Field(ge=0, allow_inf_nan=False)
    cached: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    verifier: float | None = Field(default=None, ge=0, allow_inf_nan=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """`prompt=0.15,cached=0.075,completion=0.6`. Raises ConfigError."""
        pairs = [part.partition("=") for part in text.replace(" ", "").split(",") if part]
        try:
            return cls.model_validate({name: value for name, _, value in pairs})
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"]))
            raise ConfigError(
                f"--price '{text}': {name}: {first['msg']}; expected money per million tokens, "
                "as in prompt=0.15,cached=0.075,completion=0.6"
            ) from error


def inference_flops(parameters: float, tokens: float) -> float:
    """2 N floating-point operations for each token that a model of N parameters reads or writes.

    Attention over the context is left out, which is small while contexts are shorter than some
    12 times the width of the model. Of a mixture of experts, N is what is active for one token.
    Source: Kaplan et al., Scaling Laws for Neural Language Models, 2020, section 2.1.
    """
    return 2 * parameters * tokens


def training_flops(parameters: float, tokens: float) -> float:
    """6 N D floating-point operations: forward 2 N and backward 4 N for each of D tokens.

    Source: Kaplan et al., 2020, section 2.1; Hoffmann et al., 2022.
    """
    return 6 * parameters * tokens


def run_cost(
    usages: Sequence[Mapping[str, Any]],
    *,
    parameters: float | None = None,
    price: Price | None = None,
) -> dict[str, Any]:
    """The cost of all these usages together.

    `flops` counts every token of prompt, completion and verifier by 2 N, `flops_without_cached` all
    but those that a prefix cache gave; null where the `parameters` N are not known. `money` is null
    without a price.
    """
    tokens = {kind: _total(usages, f"{kind}_tokens") for kind in KINDS}
    whole = tokens["prompt"] + tokens["completion"] + tokens["verifier"]
    flops = None if parameters is None else inference_flops(parameters, whole)
    return {
        "tokens": tokens,
        "calls": _total(usages, "calls"),
        "retrievals": _total(usages, "retrievals"),
        "parameters": parameters,
        "flops": flops,
        "flops_without_cached": None
        if parameters is None
        else inference_flops(parameters, whole - tokens["cached"]),
        "money": None if price is None else money(tokens, price),
        "price": None if price is None else price.model_dump(exclude_none=True),
    }


def money(tokens: Mapping[str, int], price: Price) -> float:
    """What the tokens cost at the price, rounded to a millionth."""
    cached = price.prompt if price.cached is None else price.cached
    verifier = price.prompt if price.verifier is None else price.verifier
    spent = (
        (tokens["prompt"] - tokens["cached"]) * price.prompt
        + tokens["cached"] * cached
        + tokens["completion"] * price.completion
        + tokens["verifier"] * verifier
    )
    return round(spent / 1e6, 6)


def _total(usages: Iterable[Mapping[str, Any]], name: str) -> int:
    return sum(usage.get(name) or 0 for usage in usages)
