"""How `ragreason run` reads its options."""

import pytest

from ragreason.cli.run import split_models
from ragreason.errors import ConfigError


@pytest.mark.parametrize(
    ("given", "main", "named"),
    [
        (None, None, {}),
        (["a"], "a", {}),
        (["small=b", "a"], "a", {"small": "b"}),
        (["main=a", "small=openai:b=c"], "a", {"small": "openai:b=c"}),
        (["/models/a=b.gguf"], "/models/a=b.gguf", {}),
    ],
)
def test_models_are_main_or_named(
    given: list[str] | None, main: str | None, named: dict[str, str]
) -> None:
    assert split_models(given) == (main, named)


@pytest.mark.parametrize("given", [["a", "b"], ["a", "main=b"], ["s=a", "s=b"]])
def test_a_model_given_twice_is_refused(given: list[str]) -> None:
    with pytest.raises(ConfigError, match="already"):
        split_models(given)
