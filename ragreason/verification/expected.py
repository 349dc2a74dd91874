"""What kind of answer a question asks for, by its interrogative."""

import re
from collections.abc import Mapping
from typing import Literal

from ragreason.text.language import HAN, language

AnswerType = Literal["person", "date", "year", "number", "place", "yes or no", "choice"]

_AUXILIARY = re.compile(
    r"^\W*(?:is|are|was|were|am|do|does|did|has|have|had|can|could|will|would|should|shall|may"
    r"|might|must)\b",
    re.IGNORECASE,
)
_OPTIONS = re.compile(
    rf"(?:[A-Z0-9\"“'‘][^?]*)\bor\s+(?:the\s+|an?\s+)?[A-Z0-9\"“'‘][^?]*\?|[{HAN}\w》”]还是[{HAN}\w《“]"
    r"|\b(?:first|last|earlier|later|older|younger|more|most|longer|larger|bigger|higher|taller)\b"
    r"[^?]*\bor\b[^?]*\?"
)
_AFTER = r"\b(?:is|was|are|were|did|by|of|to|in|from|with|for|and)\s+"
_CLAUSE = rf"(?:^|[,;:]\s*(?:and\s+)?|{_AFTER})"
_NO_RELATIVE = rf"(?:^|{_AFTER})"
"""Behind a comma "who" goes on about someone: "Ada Vex, who died on which date?"."""
_ENGLISH: Mapping[AnswerType, str] = {
    "year": r"\b(?:what|which)\s+(?:\w+\s+){0,2}?years?\b",
    "date": rf"{_CLAUSE}when\b|\b(?:what|which)\s+(?:\w+\s+){{0,3}}?(?:dates?|day|month|decade"
    r"|century)\b",
    "number": r"\bhow\s+(?:many|much|old|long|tall|far|high|deep|large|big|wide|heavy|often|fast)\b"
    r"|\b(?:what|which)\s+(?:\w+\s+){0,2}?(?:number|percentage|percent|population|height|length"
    r"|distance|age|amount)\b",
    "place": rf"{_CLAUSE}where\b|\b(?:what|which)\s+(?:\w+\s+){{0,2}}?(?:city|cities|town|village"
    r"|country|countries|county|state|province|district|region|continent|island|place|location"
    r"|birthplace|neighbou?rhood|borough|capital)\b",
    "person": rf"{_NO_RELATIVE}who(?:m|se)?\b",
}
_CHINESE: Mapping[AnswerType, str] = {
    "year": r"哪一?年|何年|几几年|什么年份",
    "date": r"何时|什么时候|什么时间|哪一?天|几月|几号|哪个(?:月|年代|世纪)|何日",
    "number": r"多少|几(?:个|位|次|岁|部|人|本|座|名|条|种|届|公里|米|分)|多[大高长远重深]",
    "place": r"哪里|哪儿|何[处地]|什么地方|哪一?个?(?:城市|国家|省|市|县|州|地方|地区|岛|村|镇|国)",
    "person": r"谁|哪一?位|何人|什么人|哪个人",
}
_YES_NO = re.compile(r"是否|是不是|有没有|能不能|会不会|对不对|[吗嘛][?？]?\s*$")


def expected(question: str) -> AnswerType | None:
    """The kind of answer asked for, in English or Chinese; None where the wording does not tell.

    Options ("A or B?") go before yes and no, those before the first interrogative. A relative "who"
    or "where" inside a clause asks for nothing. "In which city was the man who built it born?"
    gives "place".
    """
    text = question.strip()
    if _OPTIONS.search(text):
        return "choice"
    if asks_whether(text):
        return "yes or no"
    chinese = language(text) == "zh"
    found: list[tuple[int, int, AnswerType]] = []
    for order, (kind, pattern) in enumerate((_CHINESE if chinese else _ENGLISH).items()):
        match = re.search(pattern, text, re.IGNORECASE)
        if match:
            found.append((match.start(), order, kind))
    return min(found)[2] if found else None


def asks_whether(question: str) -> bool:
    """Whether yes or no answers it: it begins with a verb, or ends in 吗. "Is it?" gives True."""
    pattern = _YES_NO if language(question) == "zh" else _AUXILIARY
    return pattern.search(question.strip()) is not None
