"""Log-probabilities of scored tokens, remembered because the prefix cache hides them.

The pipeline gives log-probabilities only for tokens that it computed. A continuation whose tokens
are in the prefix cache, scored or generated before, comes back with fewer or none.
"""

import hashlib
from array import array
from collections import OrderedDict
from collections.abc import Sequence


class ScoreMemory:
    """Log-probability of a token after everything before it; the oldest are forgotten."""

    def __init__(self, limit: int = 200_000) -> None:
        self._limit = limit
        self._known: OrderedDict[bytes, float] = OrderedDict()

    def learn(self, prompt: Sequence[int], ids: Sequence[int], tail: Sequence[float]) -> None:
        """Remember `tail`: the log-probabilities of the last tokens of `ids` after `prompt`."""
        keys = _keys(prompt, ids)
        for key, value in zip(keys[len(keys) - len(tail) :], tail, strict=True):
            self._known.setdefault(key, value)  # the first value stays: repeats are exact
            self._known.move_to_end(key)
        while len(self._known) > self._limit:
            self._known.popitem(last=False)

    def recall(self, prompt: Sequence[int], ids: Sequence[int]) -> list[float] | None:
        """Log-probabilities of all of `ids` after `prompt`, None if one is not known."""
        found = [self._known.get(key) for key in _keys(prompt, ids)]
        known = [value for value in found if value is not None]
        return known if len(known) == len(found) else None


def _keys(prompt: Sequence[int], ids: Sequence[int]) -> list[bytes]:
    """One key a token of `ids`, made of all tokens up to and including it."""
    digest = hashlib.blake2b(array("q", prompt).tobytes(), digest_size=16)
    keys = []
    for i in ids:
        digest.update(array("q", [i]).tobytes())
        keys.append(digest.digest())
    return keys
