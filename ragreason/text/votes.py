"""When do two sampled answers count as the same vote?"""

import re
import unicodedata
from fractions import Fraction
from functools import lru_cache

from ragreason.text.answers import canonical_answer, strip_punctuation
from ragreason.text.dates import read_date
from ragreason.text.latex import is_latex, read_latex, unwrapped
from ragreason.text.numbers import read_number, show_number

_YES = frozenset("yes true 是 是的 对 对的 正确".split())
_NO = frozenset("no false 否 不 不是 不对 错误".split())
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-") | {"⁄": "/"})
_OUTER = "\"'“”‘’*_`,;!?。！？、，；"
_PERCENT = re.compile(r"(?P<before>.+?) ?(?:%|percent|per cent)|百分之(?P<after>.+)")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])", re.ASCII)
_MEANT = re.compile(
    r"(?<=\d)[.,:/-](?=\d)"  # 3.5, 3-1, 10:30, 9/11
    r"|(?<!\w)-(?=\.?\d)"  # -5
    r"|(?<=\w)[+#]+(?!\w)|(?<=\w)-(?!\S)"  # C++, C#, O-
    r"|[+^=<>]|(?<=\w)\*(?=\w)|(?<=\d)%"
)
_SIGNS = ".,:/-+#^=<>*%"
_LETTERS = "".join(chr(0x10600 + i) for i in range(len(_SIGNS)))
_HIDE = str.maketrans(_SIGNS, _LETTERS)
_SHOW = str.maketrans(_LETTERS, _SIGNS)


@lru_cache(maxsize=65_536)
def vote_key(answer: str) -> str:
    r"""The form under which sampled answers count as one vote; "" for one that says nothing.

    Yes and no, dates, numbers and short LaTeX are read where they are the whole answer: "True" and
    "是" give "yes"; "12 March 1874" and "March 12, 1874" give "1874-03-12"; "1,234", "1234.0" and
    "1234" give "1234"; "50 percent" gives "50%"; `\frac{1}{2}`, "1/2" and "0.5" give "0.5". All
    else is text as `canonical_answer` has it, with the signs that it drops kept where they carry
    meaning: "3.5" is not "35", "C++" not "C", "3-1" not "31". Two votes too many are better than
    one vote for different answers: "Apollo 11", "May" and "007" are text.
    """
    text = " ".join(_folded(answer).split())
    plain = _bare(text)
    return _yes_no(plain) or _value_key(plain) or _latex_key(text) or _text_key(text)


def _folded(answer: str) -> str:
    """Compatibility forms folded; a power stays a power, and "3½" does not become "31/2"."""
    kept = ""
    for char in answer:
        form = unicodedata.decomposition(char)
        before = "^" if form.startswith("<super>") and kept[-1:].isalnum() else ""
        before = " " if form.startswith("<fraction>") else before
        kept += before + char
    return unicodedata.normalize("NFKC", kept).translate(_DASHES)


def _bare(text: str) -> str:
    return text.strip(_OUTER + " ").rstrip(". ").strip(_OUTER + " ").lower()


def _yes_no(plain: str) -> str:
    return "yes" if plain in _YES else "no" if plain in _NO else ""


def _value_key(plain: str) -> str:
    """Of a date, a number or a percentage."""
    dated = read_date(plain)
    if dated is not None:
        return dated
    percent = _PERCENT.fullmatch(plain)
    number = read_number(plain if percent is None else percent["before"] or percent["after"])
    return "" if number is None else show_number(number) + ("%" if percent else "")


def _latex_key(text: str) -> str:
    """Of a formula; one that is not read counts as the characters that it is."""
    if not is_latex(text):
        return ""
    inner = unwrapped(text)
    found = _value_key(inner.lower())
    if found:
        return found
    value = read_latex(inner)
    if isinstance(value, Fraction):
        return show_number(value)
    return value or "".join(inner.split())


def _text_key(text: str) -> str:
    text = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), text)
    hidden = _MEANT.sub(lambda found: found[0].translate(_HIDE), text)
    found = canonical_answer(hidden) or strip_punctuation(hidden)  # "A" is no article by itself
    return found.translate(_SHOW) or text
