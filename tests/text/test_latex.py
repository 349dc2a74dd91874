"""LaTeX expressions, with math-verify and without."""

import sys
from fractions import Fraction

import pytest

from ragreason.text.latex import is_latex, read_latex, unwrapped


@pytest.mark.parametrize("text", [r"\frac{1}{2}", r"\pi", "$x+1$", r"\boxed{4}"])
def test_commands_and_dollars_make_it_latex(text: str) -> None:
    assert is_latex(text)


@pytest.mark.parametrize("text", ["$5", "$5 and $6", "AC/DC", "x+1", ""])
def test_money_and_words_are_no_latex(text: str) -> None:
    assert not is_latex(text)


@pytest.mark.parametrize("text", ["$4$", "$$4$$", r"\(4\)", r"\[ 4 \]", r"$\boxed{4}$", r"4\,"])
def test_what_it_is_wrapped_in_does_not_count(text: str) -> None:
    assert unwrapped(text) == "4"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"\frac{1}{2}", Fraction(1, 2)),
        (r"\frac12", Fraction(1, 2)),
        (r"\dfrac{2}{4}", Fraction(1, 2)),
        (r"-\frac{3}{6}", Fraction(-1, 2)),
        (r"\left(\frac{1}{2}\right)", Fraction(1, 2)),
        (r"2^{10}", Fraction(1024)),
        (r"3 \times 10^{8}", Fraction(300_000_000)),
        (r"\sqrt{16}", Fraction(4)),
    ],
)
def test_a_value_is_exact(text: str, value: Fraction) -> None:
    assert read_latex(text) == value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x+1", "1+x"),
        (r"\frac{x}{2}", "0.5x"),
        (r"\sqrt{8}", r"2\sqrt{2}"),
        ("(x+1)(x-1)", "x^2-1"),
        (r"\{1,2\}", r"\{2,1\}"),
    ],
)
def test_equal_expressions_share_a_form(one: str, other: str) -> None:
    assert read_latex(one) == read_latex(other) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x+1", "x-1"),
        ("x", "X"),
        ("(1,2)", "(2,1)"),
        ("(1,2)", "[1,2]"),
        ("x^2", "x^3"),
        (r"\frac{1}{3}", "0.333"),
    ],
)
def test_different_expressions_do_not(one: str, other: str) -> None:
    assert read_latex(one) != read_latex(other)


@pytest.mark.parametrize(
    "text",
    [
        r"\text{Paris}",
        r"5\text{ cm}",
        r"90^\circ",
        r"AC\DC",
        r"C:\new\folder",
        r"\frac{1}{0}",
        r"\frac{1}{",
        "}{",
        "9^{9^{9}}",
        "9^9^9",
        "{9}^9^9",
        "(9^{99})^{99}",
        "99999^{99}",
        "9^{999}",
        "100000!",
        "(" * 10 + "1" + ")" * 10,
        "1+" * 40 + "1",
        r"\frac{1}{2} or \frac{1}{3}",
    ],
)
def test_what_is_not_understood_or_may_take_long_is_left(text: str) -> None:
    assert read_latex(text) is None


def test_without_the_package_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "latex2sympy2_extended", None)
    assert read_latex(r"\frac{1}{2}") is None
