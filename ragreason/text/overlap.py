"""What a text is about, as units that another text may or may not hold: names, numbers, words.

English words are compared by stem, without case and accents; Chinese by pairs of characters, so
that no segmentation can disagree with itself. Names are runs of capitalised words: a heuristic that
needs no model, wrong for headlines in capitals and blind to Chinese names.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from ragreason.text.language import HAN
from ragreason.text.stopwords import ENGLISH
from ragreason.text.tokens import fold, stem_word

UnitKind = Literal["name", "number", "word"]
WEIGHTS: dict[UnitKind, float] = {"name": 2.0, "number": 2.0, "word": 1.0}

_TOKEN = re.compile(
    rf"(?P<number>\d+(?:[.,:]\d+)*(?:st|nd|rd|th|s)?(?![^\W\d_{HAN}]))"
    rf"|(?P<cjk>[{HAN}]+)"
    rf"|(?P<word>[^\W_{HAN}]+(?:['’][^\W_{HAN}]+)*)"
)
_JOINING = frozenset(
    "of the de del della di da van von der den la le du al el bin ibn & for".split()
)
_STOP = ENGLISH | frozenset(
    """according across among along another around became become been either else even ever known
    called named many may might much must one per shall since some though upon via whether within
    would yet""".split()
)
_NEGATIONS = frozenset("not no never neither nor without cannot none n't isn't wasn't".split())
_CJK_STOP = frozenset("的了是在和与及或也都而就被把这那哪谁吗呢吧啊什么个之其为于")
_CJK_ASKING = re.compile("什么|哪[里个些年一]?|谁|多少|如何|怎么|怎样|是否|吗|呢|请问|几")
_CJK_NEGATIONS = frozenset("不没未非无")
_NUMBER_WORDS = dict(
    zip(
        "two three four five six seven eight nine ten eleven twelve".split(),
        range(2, 13),
        strict=True,
    )
)


@dataclass(frozen=True)
class Unit:
    """One thing a text says. `keys` are the stems or character pairs it is compared by."""

    kind: UnitKind
    text: str
    start: int
    end: int
    keys: tuple[str, ...]

    @property
    def weight(self) -> float:
        """Names and numbers count twice: they are what a false statement gets wrong."""
        return WEIGHTS[self.kind]


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The key of one English word or number.

    "Déjà" gives "deja", "6,960" gives "6960", "films'" gives "film", "two" gives "2".
    """
    plain = fold(word).replace("’", "'")
    if plain[:1].isdigit():
        return plain.replace(",", "")
    if plain in _NUMBER_WORDS:
        return str(_NUMBER_WORDS[plain])
    return stem_word(re.sub(r"'(s|re|ve|ll|d|m)?$", "", plain))


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        yield _Token(match.lastgroup or "word", match.group(), match.start(), match.end())


@lru_cache(maxsize=16384)
def units(text: str) -> tuple[Unit, ...]:
    """The names, numbers and content words of a text, in order of their first character.

    "Alu was born in Paris in 1969." gives name "Alu", word "born", name "Paris", number "1969".
    """
    found: list[Unit] = []
    run: list[_Token] = []
    for token in [*_tokens(text), None]:
        if run and not (token and _continues(text, run, token)):
            found += _names(text, run)
            run = []
        if token is None:
            break
        if _capitalised(token) or (run and token.text in _JOINING):
            run.append(token)
        else:
            found += _plain(token)
    return tuple(sorted(found, key=lambda unit: unit.start))


def parts(text: str) -> tuple[Unit, ...]:
    """`units`, or the whole text as one where it holds no name, number or content word.

    So "It" and "The Who" can be looked for too; blank text and mere punctuation give nothing.
    """
    found = units(text)
    if found or not (tokens := list(_tokens(text))):
        return found
    start, end = tokens[0].start, tokens[-1].end
    held = tuple(dict.fromkeys(key for token in tokens for key in _token_keys(token)))
    return (Unit("word", text[start:end], start, end, held),)


def _token_keys(token: _Token) -> list[str]:
    if token.kind == "cjk":
        return [*token.text, *(a + b for a, b in pairwise(token.text))]
    return [stem(token.text)]


def _capitalised(token: _Token) -> bool:
    return token.kind == "word" and token.text[0].isupper()


def _continues(text: str, run: list[_Token], token: _Token) -> bool:
    """Whether `token` belongs to the name that `run` began: no punctuation but . and - between."""
    between = text[run[-1].end : token.start]
    initial = len(run[-1].text) <= 2 or run[-1].text in {"St", "Dr", "Mr", "Mrs", "Jr"}
    close = between in {" ", "-", "–", " & ", "'"} or (between == ". " and initial)
    return (
        close and not _possessive(run[-1].text) and (_capitalised(token) or token.text in _JOINING)
    )


def _possessive(word: str) -> bool:
    return word.endswith(("'s", "’s"))


def _names(text: str, run: list[_Token]) -> list[Unit]:
    while run and run[-1].text in _JOINING:
        run = run[:-1]
    # "The" before a name, or "In" at a sentence's start, is no part of it.
    while len(run) > 1 and run[0].text.casefold() in _STOP | _JOINING:
        run = run[1:]
    if not run or (len(run) == 1 and run[0].text.casefold() in _STOP | _NEGATIONS):
        return []
    keys = tuple(stem(t.text) for t in run if t.text.casefold() not in _STOP | _JOINING)
    start, end = run[0].start, run[-1].end - 2 * _possessive(run[-1].text)
    return [Unit("name", text[start:end], start, end, keys or (stem(run[0].text),))]


def _plain(token: _Token) -> list[Unit]:
    if token.kind == "cjk":
        return _pairs(token)
    lowered = token.text.casefold()
    if token.kind == "word" and (lowered in _STOP or lowered in _NEGATIONS):
        return []
    is_number = token.kind == "number" or lowered in _NUMBER_WORDS
    kind: UnitKind = "number" if is_number else "word"
    return [Unit(kind, token.text, token.start, token.end, (stem(token.text),))]


def _pairs(token: _Token) -> list[Unit]:
    asked = {i for m in _CJK_ASKING.finditer(token.text) for i in range(*m.span())}
    kept = [
        i
        for i, c in enumerate(token.text)
        if i not in asked and c not in _CJK_STOP | _CJK_NEGATIONS
    ]
    pairs = [i for i, j in pairwise(kept) if j == i + 1]
    lone = [i for i in kept if i not in pairs and i - 1 not in pairs]
    return [
        Unit("word", token.text[i : i + n], token.start + i, token.start + i + n, (key,))
        for i, n in sorted([*((i, 2) for i in pairs), *((i, 1) for i in lone)])
        if (key := token.text[i : i + n])
    ]


@lru_cache(maxsize=16384)
def keys(text: str) -> frozenset[str]:
    """Everything that units are compared by; stop words and single characters too.

    A unit of another text is held by this one if its keys are in here.
    """
    return frozenset(key for token in _tokens(text) for key in _token_keys(token))


def share(unit: Unit, held: frozenset[str]) -> float:
    """How much of a unit is in `held`, in [0, 1]: half of "Barack Obama" where only Obama is."""
    return sum(key in held for key in unit.keys) / len(unit.keys)


def coverage(wanted: Iterable[Unit], held: frozenset[str]) -> float:
    """Weighted share of the units that are in `held`, in [0, 1]; 1 if nothing is wanted."""
    total = covered = 0.0
    for unit in wanted:
        total += unit.weight
        covered += unit.weight * share(unit, held)
    return covered / total if total else 1.0


def negated(text: str) -> bool:
    """Whether a text denies something, by its words: a rule of thumb."""
    for token in _tokens(text):
        lowered = token.text.casefold().replace("’", "'")
        if lowered in _NEGATIONS or lowered.endswith("n't"):
            return True
        if token.kind == "cjk" and not _CJK_NEGATIONS.isdisjoint(token.text):
            return True
    return False


def uncovered(wanted: Iterable[Unit], held: frozenset[str], bound: float = 0.5) -> tuple[Unit, ...]:
    """The units of which less than or just `bound` is in `held`; pieces that touch are joined."""
    missing: list[Unit] = []
    for unit in wanted:
        if share(unit, held) > bound:
            continue
        last = missing[-1] if missing else None
        if last and unit.start < last.end:
            text = last.text + unit.text[last.end - unit.start :]
            last_keys = (*last.keys, *unit.keys)
            missing[-1] = Unit(last.kind, text, last.start, unit.end, last_keys)
        else:
            missing.append(unit)
    return tuple(missing)
