"""Arithmetic, exact, by a parser: what a model writes is never evaluated."""

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import isqrt
from typing import Any, ClassVar
from warnings import catch_warnings, simplefilter

from ragreason.errors import ToolError
from ragreason.protocols import ToolResult
from ragreason.text.numbers import show_number
from ragreason.types import Hit

Value = Fraction | date
_LONGEST = 200
_MOST_BITS = 4096
_MOST_POWER = 512
_ROOT_PLACES = 12
_SIGNS = str.maketrans(
    {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "**", "（": "(", "）": ")", "，": ","}
)
_EQUALS = re.compile(r"(?<![<>=!])=(?!=)")
"""What follows it is the result that the model expects: it is worked out instead."""

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_DATE = re.compile(r"['\"]?\b(\d{4})-(\d{1,2})-(\d{1,2})\b['\"]?", re.ASCII)
"""Four digits for the year: 10-5-2 is a difference."""


@dataclass(frozen=True)
class Calculate:
    """Arithmetic on numbers and dates, exact; decimal fractions are read to 17 digits.

    Known: + - * / // % **, brackets, comparisons, abs, min, max, round, sqrt; dates as 1874-03-01,
    whose difference is in days, and years(later, earlier), the full years between two. Powers have
    whole exponents up to 512; an expression has at most 200 characters, a number 4,096 bits.
    """

    name: ClassVar[str] = "calculate"
    description: ClassVar[str] = "work out a sum, a difference or the like, of numbers or dates"
    descriptions: ClassVar[Mapping[str, str]] = {"zh": "计算数字或日期的和、差等"}
    parameters: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "properties": {"expression": {"type": "string", "minLength": 1, "maxLength": _LONGEST}},
        "required": ["expression"],
        "additionalProperties": False,
    }

    async def run(self, arguments: Mapping[str, Any], shown: Sequence[Hit]) -> ToolResult:
        """The value. Raises ToolError for what is no arithmetic, too big, or has no value."""
        del shown
        return ToolResult(calculate(str(arguments["expression"])))


def calculate(expression: str) -> str:
    """The value of an expression, as a text. Raises ToolError.

    >>> calculate("1,901 - 1874")
    '27'
    """
    if len(expression) > _LONGEST:
        raise ToolError(f"an expression has at most {_LONGEST} characters; give a shorter one")
    text = _EQUALS.split(expression.translate(_SIGNS), maxsplit=1)[0].strip().rstrip("?").strip()
    text = _DATE.sub(lambda d: f"date({int(d[1])}, {int(d[2])}, {int(d[3])})", text)
    if not re.search(r"[a-z]\s*\(", text):  # else the comma may part arguments
        text = _THOUSANDS.sub("", text)
    try:
        with catch_warnings():
            simplefilter("error")  # of a text such as "1if", raised as SyntaxError
            parsed = ast.parse(text, mode="eval").body
        value = _value(parsed)
    except (SyntaxError, RecursionError, MemoryError, ValueError) as error:
        raise ToolError(f"'{expression}' is no arithmetic; write only numbers and signs") from error
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else show_number(value)


def _value(node: ast.expr) -> Value | bool:
    """The value of one node; only the kinds named here exist."""
    if isinstance(node, ast.Constant):
        return _number(node.value)
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return _checked(_UNARY[type(node.op)](_fraction(node.operand)))
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _binary(node)
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARE:
        return _compared(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _call(node.func.id, node.args)
    raise ToolError(f"'{ast.unparse(node)[:40]}' is not known here; known: {_KNOWN}")


def _compared(node: ast.Compare) -> bool:
    left, right = _value(node.left), _value(node.comparators[0])
    if isinstance(left, bool) or type(left) is not type(right):
        raise ToolError("a date is compared with a date, a number with a number")
    return bool(_COMPARE[type(node.ops[0])](left, right))


def _number(value: object) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ToolError(f"'{str(value)[:40]}' is no number")
    if isinstance(value, float) and abs(value) > 10**300:
        raise ToolError("the number is too big")
    return _checked(Fraction(str(value)))


def _fraction(node: ast.expr) -> Fraction:
    value = _value(node)
    if not isinstance(value, Fraction):
        raise ToolError(f"'{ast.unparse(node)[:40]}' is no number")
    return value


def _binary(node: ast.BinOp) -> Value:
    left, right = _value(node.left), _value(node.right)
    if isinstance(left, date) and isinstance(right, date) and isinstance(node.op, ast.Sub):
        return Fraction((left - right).days)
    if not isinstance(left, Fraction) or not isinstance(right, Fraction):
        raise ToolError("of dates only the difference of two is known")
    try:
        return _checked(_BINARY[type(node.op)](left, right))
    except ZeroDivisionError as error:
        raise ToolError(f"'{ast.unparse(node)[:40]}' divides by zero") from error


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    """Bounded before it is worked out: 9 ** 9 ** 9 must not be tried."""
    if exponent.denominator != 1 or abs(exponent) > _MOST_POWER:
        raise ToolError(f"an exponent is a whole number up to {_MOST_POWER}")
    if _bits(base) * abs(exponent) > _MOST_BITS:
        raise ToolError("the result is too big")
    return Fraction(base ** int(exponent))


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _checked(value: Fraction) -> Fraction:
    if _bits(value) > _MOST_BITS:
        raise ToolError("the result is too big")
    return value


def _call(name: str, arguments: Sequence[ast.expr]) -> Value:
    if name == "years":
        days = [_value(argument) for argument in arguments]
        if len(days) != 2 or not all(isinstance(day, date) for day in days):
            raise ToolError("years takes two dates: years(1901-05-02, 1874-03-01)")
        return Fraction(_years(*days))  # type: ignore[arg-type]
    numbers = [_fraction(argument) for argument in arguments]
    if name == "date" and len(numbers) == 3:
        try:
            return date(*map(int, numbers))
        except (ValueError, OverflowError) as error:
            raise ToolError("there is no such date") from error
    if name not in _FUNCTIONS or not numbers:
        raise ToolError(f"'{name[:40]}' is not known here; known: {_KNOWN}")
    try:
        return _checked(Fraction(_FUNCTIONS[name](*numbers)))
    except TypeError as error:
        raise ToolError(f"'{name}' does not take {len(numbers)} numbers") from error


def _years(later: date, earlier: date) -> int:
    """Full years between two dates; negative where they are the other way round."""
    if later < earlier:
        return -_years(earlier, later)
    return later.year - earlier.year - ((later.month, later.day) < (earlier.month, earlier.day))


def _sqrt(value: Fraction) -> Fraction:
    """Exact where it can be, else to 12 places."""
    if value < 0:
        raise ToolError("a negative number has no square root")
    over, under = isqrt(value.numerator), isqrt(value.denominator)
    if (over**2, under**2) == (value.numerator, value.denominator):
        return Fraction(over, under)
    scale = 10**_ROOT_PLACES
    return Fraction(isqrt(int(value * scale**2)), scale)


def _round(value: Fraction, places: Fraction = Fraction(0)) -> Fraction:
    """Half away from zero, as people round."""
    if places.denominator != 1 or abs(places) > _ROOT_PLACES:
        raise ToolError(f"round takes up to {_ROOT_PLACES} places")
    scale = Fraction(10) ** int(places)
    whole = int(abs(value) * scale + Fraction(1, 2))
    return (whole if value >= 0 else -whole) / scale


_UNARY: Mapping[type, Callable[[Fraction], Fraction]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_BINARY: Mapping[type, Callable[[Fraction, Fraction], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda a, b: Fraction(a // b),
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
_COMPARE: Mapping[type, Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_FUNCTIONS: Mapping[str, Callable[..., Fraction]] = {
    "abs": abs,
    "max": lambda *values: max(values),
    "min": lambda *values: min(values),
    "round": _round,
    "sqrt": _sqrt,
}
_KNOWN = "numbers, + - * / // % **, brackets, abs, min, max, round, sqrt, dates, years(a, b)"
