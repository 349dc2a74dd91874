"""Is the answer of the kind that the question asks for? By rules, without a model."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ragreason.protocols import Aggregation, Costs, Item, Judges
from ragreason.text.dates import read_date
from ragreason.text.language import HAN
from ragreason.text.numbers import read_number
from ragreason.text.overlap import coverage, keys, parts
from ragreason.text.passages import mended
from ragreason.text.votes import vote_key
from ragreason.types import Question, Verdict
from ragreason.verification.cite import unmarked
from ragreason.verification.expected import AnswerType, asks_whether, expected
from ragreason.verification.reading import trajectory_of

UNKNOWN = 0.5
"""Where the question's wording does not tell what it asks for: neither for nor against."""
_MONTH = re.compile(
    r"\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b|\d\s*月",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<!\d)[12]\d{3}(?!\d)|(?<!\d)\d{1,4}\s*(?:BCE?|CE|AD)\b|\d{2,4}\s*年")
_PERIOD = re.compile(r"\b\d{1,2}(?:st|nd|rd|th)\b|\bcentury\b|世纪|年代|\b\d{3}0s\b", re.IGNORECASE)
_HAN_NAME = re.compile(rf"[{HAN}]{{2,}}")
_SMALL = frozenset("of the and de da del della di van von der den la le du al el bin ibn y".split())
_DIGIT = re.compile(r"\d|[一二三四五六七八九十百千万亿两]")
_LEAD = re.compile(r"^(?:in|at|on|by|from|near|the)\s+", re.IGNORECASE)
_MOST_WORDS = {"person": 6, "place": 8}


@dataclass(frozen=True)
class Typed:
    """Scores an answer by its form: 1 if it is of the kind that the question asks for, else 0.

    Who asks for a name; when for a date; which year for a year; how many for a number; where for a
    name of a place (any capitalised name without digits: no list of places is kept); is, do and the
    like for yes or no; "A or B?" for one of the two. In between: a name among other words, a number
    where a date is wanted, a yes that is explained. 0.5 where the question's wording does not tell,
    and `reason` says so. Nothing is known of what is right.
    """

    judges: ClassVar[frozenset[Judges]] = frozenset({"trajectory"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "last"
    costs: ClassVar[Costs] = "nothing"

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order."""
        ends = [trajectory_of(item, "answer_type") for item in items]
        wanted = expected(question.text)
        return [typed(question.text, wanted, end.answer or "") for end in ends]


def typed(question: str, wanted: AnswerType | None, answer: str) -> Verdict:
    """The verdict on one answer to a question that asks for `wanted`."""
    text = " ".join(unmarked(mended(answer)).split()).strip(".。 ")
    if not any(char.isalnum() for char in text):
        return Verdict(score=0.0, label="none", reason="there is no answer")
    if wanted is None:
        return Verdict(score=UNKNOWN, reason="the question does not tell what kind it asks for")
    score = _option(question, text) if wanted == "choice" else _FITS[wanted](text)
    fit = "is" if score == 1.0 else "is no" if score == 0.0 else "is hardly"
    return Verdict(score=score, reason=f"asked for: {wanted}; the answer {fit} such")


def _person(text: str) -> float:
    return _name(text, "person")


def _place(text: str) -> float:
    return _name(_LEAD.sub("", text), "place")


def _name(text: str, kind: str) -> float:
    """1 for capitalised words or a few Han characters, half for a name among other words."""
    if _closed(text) or _YEAR.search(text):
        return 0.0
    words = [word.strip("\"'“”‘’()（）.,") for word in re.split(r"[\s,，]+", text)]
    named = [w for w in words if w and w not in _SMALL]
    plain = [w for w in named if not _named(w)]
    if len(plain) == len(named):
        return 0.0
    short = len(words) <= _MOST_WORDS[kind] and len(re.findall(f"[{HAN}]", text)) <= 12
    return 1.0 if short and not plain else 0.5


def _named(word: str) -> bool:
    capital = word[0].isupper() or _HAN_NAME.match(word) is not None
    return capital and not any(char.isdigit() for char in word)


def _date(text: str) -> float:
    if read_date(text.lower()) or _YEAR.search(text) or _MONTH.search(text):
        return 1.0 if len(text.split()) <= 8 else 0.5
    return 0.5 if _PERIOD.search(text) or any(c.isdigit() for c in text) else 0.0


def _year(text: str) -> float:
    if _YEAR.search(text):
        return 1.0 if len(text.split()) <= 6 else 0.5
    return 0.5 if _PERIOD.search(text) else 0.0


def _number(text: str) -> float:
    if read_number(text.lower()) is not None:
        return 1.0
    words = re.split(r"[\s-]+", text.lower())
    counted = any(c.isdigit() for c in text) or any(read_number(w) is not None for w in words)
    if not counted and not (_DIGIT.search(text) and re.search(f"[{HAN}]", text)):
        return 0.0
    return 1.0 if len(words) <= 6 else 0.5


def _yes_no(text: str) -> float:
    if _closed(text):
        return 1.0
    first = re.split(r"[\s,，.。;；:：]", text, maxsplit=1)[0]
    return 0.5 if _closed(first) else 0.0


def _option(question: str, text: str) -> float:
    """How much of the answer the question offers; yes and no fit where it can be read as either."""
    if _closed(text):
        return float(asks_whether(question))
    return coverage(parts(text), keys(question))


def _closed(text: str) -> bool:
    return vote_key(text) in {"yes", "no"}


_FITS: Mapping[AnswerType, Callable[[str], float]] = {
    "person": _person,
    "place": _place,
    "date": _date,
    "year": _year,
    "number": _number,
    "yes or no": _yes_no,
}
