"""The things that a text names, as keys that are the same wherever they are named."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ragreason.text.language import HAN
from ragreason.text.overlap import units
from ragreason.text.stopwords import CHINESE, ENGLISH
from ragreason.text.tokens import fold

Key = tuple[str, ...]
"""Words of a name, folded; of Chinese, its characters."""

_WORD = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")
_IN_BRACKETS = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_QUOTED = re.compile(r"《([^《》]{1,40})》|“([^“”]{1,40})”|「([^「」]{1,40})」")
_LONGEST = 12
_OPENING = " \t\"'“‘«("
_ENDING = ".!?:;…\n。！？：；"


def key_of(name: str) -> Key:
    """The folded words of a name: "Café-Bar (Film)" gives ("cafe", "bar", "film")."""
    return tuple(fold(word) for word in _WORD.findall(name))


def title_keys(title: str) -> tuple[Key, ...]:
    """Keys of a title, as it stands and without brackets at its end; those of use only.

    "Devotion (1929 film)" gives ("devotion", "1929", "film") and ("devotion",); "The" gives none.
    """
    keys = dict.fromkeys((key_of(title), key_of(_IN_BRACKETS.sub("", title))))
    return tuple(key for key in keys if is_name(key))


def is_name(key: Key) -> bool:
    """Whether a key tells one thing from others: not a stop word, a letter, or a whole sentence."""
    if not 0 < len(key) <= _LONGEST:
        return False
    if all(re.fullmatch(f"[{HAN}]", word) for word in key):
        return len(key) > 1 and "".join(key) not in CHINESE
    return any(len(word) > 1 and word not in ENGLISH and not word.isdigit() for word in key)


def own_names(text: str) -> set[Key]:
    """Keys of the names in a text: runs of capitalised words; in Chinese, what is in quotes.

    One word that begins a sentence is none: it would be capitalised in any case.
    """
    named = [
        unit.text
        for unit in units(text)
        if unit.kind == "name" and not (len(key_of(unit.text)) == 1 and _begins(text, unit.start))
    ]
    named += [next(filter(None, match.groups())) for match in _QUOTED.finditer(text)]
    return {key for key in map(key_of, named) if is_name(key)}


def _begins(text: str, place: int) -> bool:
    """Whether a sentence begins at `place`, as far as its last word and mark tell."""
    before = text[max(0, place - 40) : place].rstrip(_OPENING)
    return not before or before[-1] in _ENDING


@dataclass(frozen=True)
class Finder:
    """Finds known names in texts, in one pass: at each word the longest name that begins there.

    If `cased`, a name in small letters counts only where the text has no capitals at all, and then
    only if it has several words: "film" is no name, whatever is called so.
    """

    keys: Mapping[Key, int]
    cased: bool = True
    _lengths: Mapping[str, list[int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        lengths: dict[str, set[int]] = defaultdict(set)
        for key in self.keys:
            lengths[key[0]].add(len(key))
        longest_first = {word: sorted(found, reverse=True) for word, found in lengths.items()}
        object.__setattr__(self, "_lengths", longest_first)

    def find(self, text: str) -> Iterator[int]:
        """Numbers of the names in the text, in order, repeated ones too."""
        words = _WORD.findall(text)
        folded = [fold(word) for word in words]
        in_small = 2 if text == text.lower() else _LONGEST + 1
        place = 0
        while place < len(words):
            least = in_small if self.cased and words[place].islower() else 1
            length = self._length_at(folded, place, least)
            if length:
                yield self.keys[tuple(folded[place : place + length])]
            place += max(length, 1)

    def _length_at(self, folded: list[str], place: int, least: int) -> int:
        """How many words the longest name at `place` has, 0 if none has `least`."""
        for length in self._lengths.get(folded[place], ()):
            if length >= least and tuple(folded[place : place + length]) in self.keys:
                return length
        return 0


def frequent(names: Iterable[Collection[Key]], least: int) -> list[Key]:
    """Keys that at least so many of the texts name, the first named first."""
    counts: dict[Key, int] = {}
    for keys in names:
        for key in sorted(keys):
            counts[key] = counts.get(key, 0) + 1
    return [key for key, count in counts.items() if count >= least]
