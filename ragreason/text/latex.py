r"""LaTeX expressions to one notation, where the optional package `math-verify` is installed."""

import re
from fractions import Fraction
from typing import Any

_COMMANDS = frozenset(
    "frac dfrac tfrac cfrac sqrt pi cdot times div pm left right infty leq geq le ge".split()
)
_LONGEST = 60
_DEEPEST = 4
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_WRAPPED = re.compile(r"\$\$?([^$]+)\$\$?|\\\((.+)\\\)|\\\[(.+)\\\]|\\boxed\{(.+)\}", re.DOTALL)
_SPACING = re.compile(r"\\[,;:! ]|~")
_POWER = re.compile(
    r"(?:(?<!\^)[A-Za-z]|(?<![\d^])\d{1,4})\^(?:[A-Za-z]|\d(?!\d)|\{-?(?:[A-Za-z]|\d{1,2})\})"
)


def is_latex(text: str) -> bool:
    r"""Whether `text` has a LaTeX command, or is all between dollar signs."""
    return bool(_COMMAND.search(text) or (text.startswith("$") and _WRAPPED.fullmatch(text)))


def unwrapped(text: str) -> str:
    r"""What stands inside `$...$`, `\(...\)`, `\[...\]` or `\boxed{...}`, spacing commands dropped.

    >>> unwrapped(r"$1{,}234\,$")
    '1,234'
    """
    while (found := _WRAPPED.fullmatch(text)) is not None:
        text = next(group for group in found.groups() if group is not None).strip()
    return _SPACING.sub("", text.replace("{,}", ",")).replace(r"\%", "%").strip()


def read_latex(text: str) -> Fraction | str | None:
    r"""The value of an expression: `\frac{1}{2}` is 1/2; one with variables is brought to a form
    that `x+1` and `1+x` share. None where `math-verify` is missing or does not read all of it.

    Only short expressions of known commands and small exponents are tried, so that no answer can
    keep the machine busy: words, units (`5\text{ cm}`), factorials and towers of powers are left.
    """
    if not _is_plain(text):
        return None
    try:
        import sympy
        from latex2sympy2_extended import latex2sympy  # the parser of math-verify: its own
        from latex2sympy2_extended.latex2sympy2 import ConversionConfig  # `parse` sets alarms,
        from latex2sympy2_extended.math_normalization import NormalizationConfig  # so no threads
    except ImportError:
        return None
    try:
        found = latex2sympy(
            text,
            normalization_config=NormalizationConfig(
                basic_latex=True, units=False, malformed_operators=True, nits=False
            ),
            conversion_config=ConversionConfig(lowercase_symbols=False),
        ).doit()
        if isinstance(found, sympy.Expr):
            found = sympy.expand(sympy.nsimplify(found, rational=True))
    except Exception:  # the parser raises bare exceptions
        return None
    return _value(found, sympy)


def _value(found: Any, sympy: Any) -> Fraction | str | None:
    if isinstance(found, sympy.Rational):
        return Fraction(int(found.p), int(found.q))
    if isinstance(found, sympy.Expr) and found.has(sympy.zoo, sympy.nan):
        return None
    return str(sympy.srepr(found))


def _is_plain(text: str) -> bool:
    """Short, of known commands, no word among the letters, no deep nesting, small powers."""
    rest = _COMMAND.sub(" ", text)
    return (
        len(text) <= _LONGEST
        and set(_COMMAND.findall(text)) <= _COMMANDS
        and "\\" not in rest.replace(r"\{", "").replace(r"\}", "")
        and not re.search(r"[A-Za-z]{2}|[^\x20-\x7e]|[!&_|]", rest)
        and text.count("(") + text.count("[") <= _DEEPEST
        and "{{{" not in text
        and "^" not in _POWER.sub("", text)
    )
