"""Which questions are the same, so that a question is never answered from its own record."""

import re

from ragreason.text.overlap import units
from ragreason.text.tokens import fold

NEAR = 0.8
_WORD = re.compile(r"[^\W_]+")


def key_of(question: str) -> str:
    """The question's words and digits in one form: equal for texts that differ in case, width,
    white space and punctuation only. Empty where there are none.
    """
    return "".join(_WORD.findall(fold(question)))


def is_same(one: str, other: str) -> bool:
    """Whether two questions ask the same: equal by `key_of`, or with `NEAR` of all their content
    words (stemmed, stop words left out) in both.

    "In which year was the architect of the Sallow Bridge born?" and "When was the Sallow Bridge's
    architect born?" share 4 of 5.
    """
    if key_of(one) == key_of(other):
        return True
    left, right = _content(one), _content(other)
    return len(left & right) >= NEAR * len(left | right) > 0


def _content(question: str) -> frozenset[str]:
    return frozenset(key for unit in units(question) for key in unit.keys)
