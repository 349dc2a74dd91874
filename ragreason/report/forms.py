"""Whether a wrong answer holds the right content in another form: contained, yes or no, a number.

Everything here is a pure function of two texts. It serves to sort failures, never to score.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from ragreason.text.answers import has_han, normalize_answer, normalize_chinese_answer

Form = Literal["yes_no", "number", "order", "contains", "part"]

_YES = frozenset({"yes", "true", "correct", "right", "yeah", "是", "对"})
_NO = frozenset({"no", "false", "incorrect", "否", "不是", "不"})
_CLOSED = frozenset({"yes", "no", "noanswer", "是", "否"})

_NUMERAL = re.compile(r"\d[\d,]*(?:\.\d+)?")
_WORD = re.compile(r"\d[\d,]*(?:\.\d+)?|[^\W\d_]+|\d+", re.UNICODE)
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_VALUES = {word: float(i) for i, word in enumerate(_SMALL)} | {
    word: float(10 * i) for i, word in enumerate(_TENS, 2)
}
_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_ARTICLES = frozenset({"a", "an", "the", "and"})


def other_form(answer: str, golds: Sequence[str]) -> Form | None:
    """How the answer says what one of the golds says; None if it does not, or is empty.

    Meant for answers that are not an exact match. yes_no: the gold is yes or no, and the answer
    opens with that or a synonym. number: the same numbers, in digits or words, and no other word
    that the other lacks. order: the same words in another order. contains: the gold stands in the
    answer as whole words. part: the answer is at least half of the gold's words, in a row.
    """
    return next((form for gold in golds if (form := _form(answer, gold)) is not None), None)


def _form(answer: str, gold: str) -> Form | None:
    said, meant = _tokens(answer), _tokens(gold)
    if not said or not meant or said == meant:
        return None
    if "".join(meant) in _CLOSED:
        return "yes_no" if _closed(answer) == _closed(gold) is not None else None
    holds: Mapping[Form, bool] = {
        "number": _same_number(answer, gold),
        "order": Counter(said) == Counter(meant),
        "contains": stands_in(meant, said),
        "part": 2 * len(said) >= len(meant) and stands_in(said, meant),
    }
    return next((form for form, true in holds.items() if true), None)


def _tokens(text: str) -> list[str]:
    """Words by the official rule; Chinese text has one a character."""
    return list(normalize_chinese_answer(text)) if has_han(text) else normalize_answer(text).split()


def stands_in(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether the tokens occur in a row among the others."""
    size = len(part)
    return any(list(whole[i : i + size]) == list(part) for i in range(len(whole) - size + 1))


def _closed(text: str) -> bool | None:
    """True for what opens with yes, False for no, None for anything else."""
    tokens = _tokens(text)
    if has_han(text):
        opening = {"".join(tokens[:n]) for n in (1, 2)}
        return False if opening & _NO else True if opening & _YES else None
    return True if tokens[0] in _YES else False if tokens[0] in _NO else None


def _same_number(answer: str, gold: str) -> bool:
    said, said_rest = numbers(answer)
    meant, meant_rest = numbers(gold)
    return (
        bool(meant)
        and Counter(said) == Counter(meant)
        and (said_rest <= meant_rest or meant_rest <= said_rest)
    )


def numbers(text: str) -> tuple[list[float], frozenset[str]]:
    """The numbers in an English text, in digits or in words, and the other words, lower case.

    "Two hundred and six bones" gives [206] and {bones}; "2.5 million" gives [2500000].
    """
    found: list[float] = []
    rest: set[str] = set()
    current: float | None = None
    for word in _WORD.findall(text.lower()):
        if word in _SCALES and current is not None:
            current = _scaled(current, _SCALES[word])
        elif word in _VALUES and current is not None and _fits(current, _VALUES[word]):
            current += _VALUES[word]
        elif word == "and" and current is not None:
            continue
        else:
            if current is not None:
                found.append(current)
            current = _value(word)
            if current is None and word not in _ARTICLES:
                rest.add(word)
    if current is not None:
        found.append(current)
    return found, frozenset(rest)


def _scaled(current: float, scale: float) -> float:
    """1,002 hundred is not said: a hundred multiplies what stands below a thousand."""
    if scale == 100 and current > 1000:
        below = current % 1000
        return current - below + below * scale
    return current * scale


def _fits(current: float, value: float) -> bool:
    """Whether the word goes on with the number before it: "twenty" "two", "hundred" "six"."""
    room = 10 if current % 100 >= 20 else 100
    return current % room == 0 and value < room and current > 0


def _value(word: str) -> float | None:
    if _NUMERAL.fullmatch(word):
        return float(word.replace(",", ""))
    return _VALUES.get(word)
