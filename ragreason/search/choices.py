"""A table of strategies by difficulty: what is worth spending on how hard a question."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from ragreason import registry
from ragreason.errors import ConfigError
from ragreason.protocols import Strategy


class NamedStrategy(BaseModel):
    """`{use: majority, n: 8}`, or `majority` for short: a registered strategy, its parameters
    checked.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    use: str

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"use": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _known(self) -> "NamedStrategy":
        try:
            self.made()
        except ConfigError as error:
            raise PydanticCustomError("strategy", "{told}", {"told": str(error)}) from error
        return self

    def made(self) -> Strategy:
        """The strategy. Raises ConfigError for an unknown name, parameters that it does not take,
        one that needs other parts, or one that chooses among strategies itself.
        """
        if ":" in self.use:
            raise ConfigError(f"'{self.use}' is no registered strategy; choices name those only")
        cls = registry.load("strategies", self.use)
        if hasattr(cls, "delegates"):
            raise ConfigError(f"'{self.use}' chooses among strategies; it can't be a choice itself")
        if registry.injected(cls):
            parts = ", ".join(sorted(registry.injected(cls)))
            raise ConfigError(
                f"'{self.use}' needs parts of its own ({parts}); it can't be a choice"
            )
        model = registry.parameters(cls)
        try:
            checked = model.model_validate(self.model_extra or {})
        except ValidationError as error:
            raise ConfigError(
                _told(self.use, error.errors()[0], list(model.model_fields))
            ) from error
        made: Strategy = cls(**{name: getattr(checked, name) for name in checked.model_fields_set})
        return made


def _told(use: str, error: Any, known: Sequence[str]) -> str:
    name = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"'{use}' has no parameter '{name}'; known: {', '.join(known) or 'none'}"
    message = str(error["msg"])
    return f"'{use}': {name}: {message[:1].lower()}{message[1:]}; given {error['input']!r}"


class Choice(BaseModel):
    """The strategy for questions whose difficulty is `at_most` this, and above the one before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_most: Annotated[float, Field(ge=0, le=1)]
    strategy: NamedStrategy


def _ascending(choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    limits = [choice.at_most for choice in choices]
    told = f"at_most is {', '.join(map(str, limits))}"
    if any(low >= high for low, high in pairwise(limits)):
        raise PydanticCustomError("choices", "{told}; expected ascending limits", {"told": told})
    if limits[-1] != 1:
        raise PydanticCustomError(
            "choices", "{told}; expected 1.0 for the last, so that no question is left out",
            {"told": told},
        )  # fmt: skip
    return choices


Choices = Annotated[tuple[Choice, ...], Field(min_length=1), AfterValidator(_ascending)]
_CHOICES: TypeAdapter[tuple[Choice, ...]] = TypeAdapter(Choices)


def read_choices(given: Any) -> tuple[Choice, ...]:
    """Choices from plain data or values, ascending up to difficulty 1. Raises ConfigError."""
    try:
        return _CHOICES.validate_python(given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, ("choices", *first["loc"])))
        raise ConfigError(f"{place}: {first['msg']}") from error
