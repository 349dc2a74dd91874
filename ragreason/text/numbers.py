"""Numbers as people write them, English and Chinese, to exact fractions."""

import re
from fractions import Fraction
from functools import cache
from math import gcd

_UNITS = "zero one two three four five six seven eight nine".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_VALUES = {
    **{word: n for n, word in enumerate([*_UNITS, *_TEENS])},
    **{word: 10 * n for n, word in enumerate(_TENS, start=2)},
}
_HAN_DIGITS = "零一二三四五六七八九"
_HAN_SCALES = {"万": 10**4, "亿": 10**8}


def _either(words: list[str]) -> str:
    return f"(?:{'|'.join(words)})"


_BELOW_100 = rf"(?:{_either(_TENS)}(?:[ -]{_either(_UNITS[1:])})?|{_either(_TEENS + _UNITS[1:])})"
_BELOW_1000 = rf"(?:{_either(_UNITS[1:])} hundred(?: (?:and )?{_BELOW_100})?|{_BELOW_100})"
_CARDINAL = re.compile(
    "(?!and |$)"
    + "".join(rf"(?:{_BELOW_1000} {scale}(?:,? |$))?" for scale in reversed(_SCALES))
    + rf"(?:(?:and )?{_BELOW_1000})?"
)
_DECIMAL = r"(?:0|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{0,29})?(?:\.\d{1,30})?"
_DIGITS = re.compile(rf"(?=\.?\d)({_DECIMAL})(?: ({'|'.join(_SCALES)})|([万亿]))?", re.ASCII)
_RATIO = re.compile(r"(?:(\d{1,9}) )?(\d{1,9})/(\d{1,9})", re.ASCII)


def read_number(text: str) -> Fraction | None:
    """The number that `text` is, exactly; None where it is none, or more than one.

    Reads "1,234", "1234.0", "-5", "1.5 million", "twenty-one", "1/2", "3 1/2", "三十", "3万". Not
    read: "007" and "2/4", which stand for more than their value, "1e5", and units. Compatibility
    forms must have been folded and letters be lower case.
    """
    sign, text = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    value = _digits(text)
    value = value if value is not None else _ratio(text)
    value = value if value is not None else _words(text)
    value = value if value is not None else _han(text)
    return None if value is None else sign * value


def show_number(value: Fraction) -> str:
    """As a decimal where that ends, else as p/q: 1234, 0.5, 1/3."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return f"{value.numerator}/{value.denominator}"
    places = 0
    while (value * 10**places).denominator != 1:
        places += 1
    digits = str(abs((value * 10**places).numerator)).zfill(places + 1)
    whole, part = digits[: len(digits) - places], digits[len(digits) - places :]
    return ("-" if value < 0 else "") + whole + (f".{part}" if part else "")


def _digits(text: str) -> Fraction | None:
    found = _DIGITS.fullmatch(text)
    if found is None:
        return None
    scale = _SCALES.get(found[2], 1) * _HAN_SCALES.get(found[3], 1)
    return Fraction(found[1].replace(",", "")) * scale


def _ratio(text: str) -> Fraction | None:
    """A proper fraction in lowest terms, or a mixed number: "4/4" and "2/4" are time signatures."""
    found = _RATIO.fullmatch(text)
    if found is None:
        return None
    over, under = int(found[2]), int(found[3])
    if under == 0 or over >= under or gcd(over, under) != 1:
        return None
    return int(found[1] or 0) + Fraction(over, under)


def _words(text: str) -> Fraction | None:
    if text == "zero":
        return Fraction(0)
    if not _CARDINAL.fullmatch(text) or text.endswith(" "):
        return None
    total = below_1000 = 0
    for word in re.findall(r"[a-z]+", text):
        if word in _SCALES:
            total, below_1000 = total + below_1000 * _SCALES[word], 0
        elif word == "hundred":
            below_1000 *= 100
        else:
            below_1000 += _VALUES.get(word, 0)
    return Fraction(total + below_1000)


def _han(text: str) -> Fraction | None:
    """Standard writing below 10^8 only: "两百五" is colloquial, and "五四" is no number."""
    text = text.replace("两", "二").replace("〇", "零")
    high, scale, low = text.rpartition("万")
    upper = _han_numbers().get(high, 0)
    lower = _han_numbers().get(low.removeprefix("零") if scale else low)
    if not scale:
        return None if lower is None else Fraction(lower)
    if not upper or (low and (not lower or low.startswith("零") != (lower < 1000))):
        return None
    return Fraction(upper * 10**4 + (lower or 0))


@cache
def _han_numbers() -> dict[str, int]:
    """The standard writing of 0 to 9999, to its value."""
    return {_han_written(n): n for n in range(10_000)}


def _han_written(number: int) -> str:
    if number == 0:
        return "零"
    text, gap = "", False
    for power, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // power % 10
        if digit:
            text += ("零" if gap else "") + _HAN_DIGITS[digit] + name
        gap = bool(text) and not digit
    return text[1:] if text.startswith("一十") else text
