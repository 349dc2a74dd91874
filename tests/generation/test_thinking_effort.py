from typing import Any

import pytest
from pydantic import ValidationError

from ragreason.generation.thinking_effort import Thought


@pytest.mark.parametrize(
    ("given", "trained", "cap", "words"),
    [
        ("low", False, 48, 24),
        ("medium", False, 128, 60),
        ("high", False, 384, 192),
        ("low", True, 1024, 0),
        ("high", True, 8192, 0),
        ({"cap": 40}, False, 40, 20),
        ({"cap": 40, "soft": 0}, False, 40, 0),
        ({"level": "low", "at_least": 60}, False, 60, 0),
        ({"soft": 12}, True, 2048, 12),
    ],
)
def test_a_level_stands_for_a_cap_and_a_wish(
    given: Any, trained: bool, cap: int, words: int
) -> None:
    effort = Thought.model_validate(given)
    assert (effort.most(trained=trained), effort.words(trained=trained)) == (cap, words)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"level": "none", "cap": 3}, "effort none thinks nothing"),
        ({"cap": 3, "at_least": 4}, "at_least .4. is more than cap .3."),
        ({"exit": 1.5}, "less than 1"),
        ({"capp": 3}, "not permitted"),
        ("hihg", "'none', 'low', 'medium' or 'high'"),
    ],
)
def test_knobs_that_do_not_fit_are_refused(given: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Thought.model_validate(given)
