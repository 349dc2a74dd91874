"""Thinking that goes round in circles."""

import re

from ragreason.text.language import HAN
from ragreason.text.sentences import sentences

_WORD = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")
_SHORTEST = 4
"""Words; shorter sentences ("Let me see.") may come again."""
_GRAM = 6
_TIMES = 3


def repeated_from(said: str) -> int | None:
    """Where the last sentence begins, if it says what was said before; None if it is new.

    It does where an earlier sentence has the same words, or where six words of it in a row stand
    in the text for the third time. Case, punctuation and spacing make no difference; a Chinese
    character counts as a word.
    """
    spans = sentences(said)
    if len(spans) < 2:
        return None
    *earlier, last = (_WORD.findall(said[s.start : s.end].lower()) for s in spans)
    if len(last) >= _SHORTEST and last in earlier:
        return spans[-1].start
    words = [word for sentence in earlier for word in sentence] + last
    grams = [tuple(words[i : i + _GRAM]) for i in range(len(words) - _GRAM + 1)]
    new = grams[max(0, len(grams) - max(0, len(last) - _GRAM + 1)) :]
    return spans[-1].start if any(grams.count(gram) >= _TIMES for gram in new) else None
