"""Sentences of English and Chinese texts, as character spans."""

import re
from typing import NamedTuple

from ragreason.text.language import HAN


class Span(NamedTuple):
    """`text[start:end]`."""

    start: int
    end: int


_CLOSING = "\"'”’»)\\]}」』）】》〉"
_ENDS = re.compile(
    rf"""
      (?P<latin> [.!?…]+ [{_CLOSING}]* (?=\s|$|[{HAN}]) )   # needs a space, or Chinese, behind it
    | (?P<wide>  [。！？｡]+ | …… | …(?=[{HAN}]) ) (?P<close> [。！？…{_CLOSING}]* )
    | (?P<gap>   \n[^\S\n]*\n\s* )                          # an empty line
    | (?P<item>  \n(?=[^\S\n]*(?:[-*+•]|\d{{1,3}}[.)、])\s) )  # a list item on a new line
    """,
    re.VERBOSE,
)
_NEVER_LAST = frozenset(
    """mr mrs ms dr prof rev hon gov sen rep gen col maj capt cmdr lt sgt cpl st mt ft messrs mme
    mlle fr sr pres supt vs viz cf e.g i.e approx ca vol fig eq ed eds trans""".split()
)
_OFTEN_INNER = frozenset(
    """inc ltd co corp jr sr bros etc al no nos pp p jan feb mar apr jun jul aug sep sept oct nov
    dec mon tue wed thu fri sat sun dept univ assn est ave blvd rd ph.d""".split()
)
_STARTERS = frozenset(
    """he she it they we you i the a an this that these those there in on at as after before when
    while since although however but and his her its their our my if during for from with by both
    many most some one no not who what where why how according because despite to""".split()
)
_SAID = re.compile("[^。！？，,]{0,8}?(?:说|问|道|喊|答|叫)")
_LAST_WORD = re.compile(r"(\w+(?:\.\w+)*)$")
_NEXT_WORD = re.compile(r"[\s\"'“‘«(\[「『（【《]*(\w+)?")


def sentences(text: str) -> list[Span]:
    """The sentences of `text`, in order, trimmed; together they hold every non-space character.

    Abbreviations, initials, decimals and quotes do not end a sentence by themselves; empty lines
    and list items always do. "Dr. No left. He ran." gives (0, 12) and (13, 20).
    """
    spans, start = [], 0
    for match in _ENDS.finditer(text):
        if _is_end(text, match):
            spans.append(Span(start, match.end()))
            start = match.end()
    spans.append(Span(start, len(text)))
    return [trimmed for span in spans if (trimmed := trim(text, span)).start < trimmed.end]


def trim(text: str, span: Span) -> Span:
    """The span without white space at its ends; empty at its start if it holds nothing else."""
    piece = text[span.start : span.end]
    start = span.start + len(piece) - len(piece.lstrip())
    return Span(start, max(start, span.end - (len(piece) - len(piece.rstrip()))))


def _is_end(text: str, match: re.Match[str]) -> bool:
    if match["gap"] is not None or match["item"] is not None:
        return True
    if match["wide"] is not None:
        quoted_speech = match["close"] and match["wide"][-1] in "！？"
        return not (quoted_speech and _SAID.match(text, match.end()))
    return _is_latin_end(text, match)


def _is_latin_end(text: str, match: re.Match[str]) -> bool:
    following = _NEXT_WORD.match(text, match.end())
    word = (following[1] or "") if following else ""
    if word[:1].islower():
        return False
    if match["latin"] != ".":
        return True
    return not _is_abbreviation(text, match.start(), word)


def _is_abbreviation(text: str, stop: int, following: str) -> bool:
    """Whether the full stop at `stop` belongs to its word rather than to its sentence."""
    found = _LAST_WORD.search(text, max(0, stop - 40), stop)
    if found is None:
        return False
    last = found[1]
    if last.lower() in _NEVER_LAST:
        return True
    initial = len(last) == 1 and last.isalpha()
    dotted = (
        "." in last and all(len(part) <= 2 for part in last.split(".")) and not last[0].isdigit()
    )
    if initial or dotted or last.lower() in _OFTEN_INNER:
        return following.lower() not in _STARTERS and bool(following)
    return False
