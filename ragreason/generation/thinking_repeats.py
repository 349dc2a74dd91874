"""Thinking that goes round in circles."""

import re
from collections import Counter

from ragreason.text.language import HAN
from ragreason.text.sentences import sentences

_WORD = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")
_SHORTEST = 4
"""Words; shorter sentences ("Let me see.") may come again."""
_GRAM = 6
_TIMES = 3


class Repeats:
    """What was thought, to tell whether it is thought again.

    A sentence is, where an earlier one has the same words, or where six words in a row come for the
    third time with it. Case, punctuation and spacing make no difference; a Chinese character counts
    as a word.
    """

    def __init__(self) -> None:
        self._sentences: set[tuple[str, ...]] = set()
        self._grams: Counter[tuple[str, ...]] = Counter()
        self._last: tuple[str, ...] = ()

    def told(self, thought: str) -> int | None:
        """Take in the next thought; gives where it begins to repeat, None if it does not."""
        for span in sentences(thought):
            words = tuple(_WORD.findall(thought[span.start : span.end].lower()))
            row = self._last + words
            grams = [row[i : i + _GRAM] for i in range(len(row) - _GRAM + 1)]
            self._grams.update(grams)
            again = len(words) >= _SHORTEST and words in self._sentences
            if again or any(self._grams[gram] >= _TIMES for gram in grams):
                return span.start
            self._sentences.add(words)
            self._last = row[-(_GRAM - 1) :]
        return None
