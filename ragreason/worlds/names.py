"""Invented names, built from syllables.

What it does not know: whether a name it builds happens to exist somewhere. The syllables are chosen
to make that rare.
"""

from collections.abc import Callable, Sequence
from random import Random

_ONSETS = "b br c cr d dr f fl g gl h j k l m n p pl qu r s st t th tr v w".split()
_MIDDLES = "b d f g k l m n p r t v".split()
_VOWELS = "a e i o u a e i o ae ei".split()
_CODAS = "l n r m nd rn d l n r th".split()
_TOWN_ENDINGS = "wick mere gate hythe moor combe sted garth holm vale wold ness".split()
_SURNAME_ENDINGS = "ane ow ick ell ard ossy ent ivar uddle ombe aster eath".split()
_FIRST_ENDINGS = {"she": "a ine wen ette is eth yl".split(), "he": "o an ric us or en ald".split()}
_PAIRS = (("Upper", "Lower"), ("Great", "Little"), ("Old", "New"), ("East", "West"))


class Namer:
    """Gives each name out once. Some names share a part on purpose, as distractors."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._taken: set[str] = set()
        self._words: set[str] = set()
        self._surnames: list[str] = []
        self._stems: list[str] = []

    def stem(self) -> str:
        """A name of its own in one word, such as "Brovandel"."""
        return self._new(self._word)

    def shared_stem(self, share: float = 0.4) -> str:
        """A word for a bridge, ship or work: with probability `share` another thing's too."""
        if self._stems and self._rng.random() < share:
            return self._rng.choice(self._stems)
        self._stems.append(self._word())
        return self._stems[-1]

    def towns(self, count: int) -> list[str]:
        """Town names; about every third pair differs in the first word only."""
        names: list[str] = []
        while len(names) < count:
            town = self._new(lambda: self._stem() + self._join(_TOWN_ENDINGS))
            pair = self._rng.choice(_PAIRS)
            twins = len(names) + 2 <= count and self._rng.random() < 0.35
            names += [f"{first} {town}" for first in pair] if twins else [town]
        return names

    def person(self, pronoun: str, share: float = 0.35) -> str:
        """A full name; with probability `share` its surname is another person's too."""
        if self._surnames and self._rng.random() < share:
            surname = self._rng.choice(self._surnames)
        else:
            surname = self._new(lambda: self._stem() + self._join(_SURNAME_ENDINGS))
            self._surnames.append(surname)
        endings = _FIRST_ENDINGS[pronoun]
        return self._new(lambda: f"{self._stem()}{self._join(endings)} {surname}")

    def titled(self, pattern: str) -> str:
        """A name by a pattern such as "{} Bridge" around a word that other names may share."""
        return self._new(lambda: pattern.format(self.shared_stem()))

    def _word(self) -> str:
        while (word := self._stem() + self._join(_MIDDLES, _VOWELS, _CODAS)) in self._words:
            pass
        self._words.add(word)
        return word

    def _new(self, make: Callable[[], str]) -> str:
        while (name := make()) in self._taken:
            pass
        self._taken.add(name)
        return name

    def _stem(self) -> str:
        return self._join(_ONSETS, _VOWELS, _CODAS).capitalize()

    def _join(self, *parts: Sequence[str]) -> str:
        return "".join(self._rng.choice(part) for part in parts)
