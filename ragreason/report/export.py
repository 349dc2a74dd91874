"""The headline table for other programs: CSV, Markdown and LaTeX, always with intervals."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence

from ragreason.evaluation.statistics import Interval
from ragreason.report.table import USED, Line, every, leading
from ragreason.report.words import metric_name

_LATEX: Mapping[str, str] = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # at the beginning of a row \\ would read it as a length
    "]": "{]}",
    "*": "{*}",  # and this as a part of \\*
}
_FORMULA = tuple("=+-@＝＋－＠")
"""What a spreadsheet would take a cell for a formula by."""


def to_csv(lines: Sequence[Line]) -> str:
    """One line a run, each metric as NAME, NAME_low, NAME_high; means a question; no rounding.

    A name that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    names = every(lines)
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    ends = [name + end for name in names for end in ("", "_low", "_high")]
    counts = ("n", "errors", "forced", "abstained")
    writer.writerow(["run", "dataset", "data_hash", *counts, *ends, *USED, "p50_s"])
    for line in lines:
        intervals = [line.metrics.get(name, (None, None, None)) for name in names]
        writer.writerow(
            [
                _plain(line.name),
                _plain(line.dataset),
                line.data_hash,
                *(getattr(line, count) for count in counts),
                *(value for interval in intervals for value in interval),
                *(line.used[name] for name in USED),
                line.p50_s,
            ]
        )
    return page.getvalue()


def _plain(text: str) -> str:
    text = " ".join(text.split())  # a bare "\r" would begin a row
    return f"'{text}" if text.startswith(_FORMULA) else text


def to_markdown(lines: Sequence[Line]) -> str:
    """A table in the way of GitHub; names escaped."""
    names = leading(lines)
    head = ["run", "n", *(f"{metric_name(name)} [95 %]" for name in names), "tokens", "errors"]
    rows = [
        [_markdown(line.name), f"{line.scored:,}"]
        + [_bracketed(line.metrics.get(name)) for name in names]
        + [f"{line.tokens:,.0f}", f"{line.errors:,}"]
        for line in lines
    ]
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [head, rule, *rows])


def _bracketed(interval: Interval | None) -> str:
    if interval is None:
        return "-"
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def _markdown(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~])", r"\\\1", " ".join(text.split()))


def to_latex(lines: Sequence[Line]) -> str:
    r"""A `tabular` with the rules of booktabs, in percent, intervals in small type.

    It needs \usepackage{booktabs}. Names are escaped.
    """
    names = leading(lines)
    heads = ["run", "$n$", *map(metric_name, names), "tokens"]
    rows = [
        [latex(line.name), _grouped(line.scored)]
        + [_percent(line.metrics.get(name)) for name in names]
        + [_grouped(line.tokens)]
        for line in lines
    ]
    titles = [head if head == "$n$" else latex(head) for head in heads]
    return "\n".join(
        [
            r"% \usepackage{booktabs}; means with 95 % bootstrap intervals, in percent",
            rf"\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}",
            r"\toprule",
            rf"{' & '.join(titles)} \\",
            r"\midrule",
            *(rf"{' & '.join(cells)} \\" for cells in rows),
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


def _percent(interval: Interval | None) -> str:
    if interval is None:
        return "--"
    value, low, high = (f"{100 * end:.1f}" for end in interval)
    return rf"{value} {{\scriptsize[{low}, {high}]}}"


def _grouped(value: float) -> str:
    return f"{value:,.0f}".replace(",", r"\,")


def latex(text: str) -> str:
    """The text as LaTeX shows it, none of it a command."""
    return "".join(_LATEX.get(letter, letter) for letter in " ".join(text.split()))


FORMATS: Mapping[str, Callable[[Sequence[Line]], str]] = {
    "csv": to_csv,
    "markdown": to_markdown,
    "latex": to_latex,
}
