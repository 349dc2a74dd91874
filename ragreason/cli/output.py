"""What commands print: tables for people, one JSON document for programs, notes on the side."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from textwrap import wrap
from typing import Annotated, Any

import typer
from pydantic_core import to_jsonable_python

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def print_json(document: Any) -> None:
    """One JSON document on standard output. Values, paths and dates become plain JSON.

    Raises ValueError for NaN and infinity, which JSON has no words for.
    """
    plain = to_jsonable_python(document)
    sys.stdout.write(json.dumps(plain, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on standard output. Numbers stand to the right; None is a dash.

    On a terminal, long cells wrap. In a pipe each row is one line and nothing is cut. Columns
    without names have no heading.
    """
    table = _table(columns, rows)
    if sys.stdout.isatty():
        _console().print(table)
    else:
        for line in _plain_lines(table):
            sys.stdout.write(line + "\n")


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for position, column in enumerate(columns):
        numeric = bool(rows) and all(_is_number(row[position]) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    return table


def print_listing(columns: Sequence[str], rows: Sequence[Sequence[object]], under: int = 1) -> None:
    """A table whose last `under` columns stand below each row on a terminal, where they wrap.

    In a pipe they are columns like the others, so that each row is one line.
    """
    if not sys.stdout.isatty():
        print_table(columns, rows)
        return
    for line in listing(columns, rows, under, _console().width):
        sys.stdout.write(line + "\n")


def listing(
    columns: Sequence[str], rows: Sequence[Sequence[object]], under: int, width: int
) -> list[str]:
    """The lines of `print_listing` on a terminal so wide. What is empty has no line."""
    table = _table(columns[:-under], [row[:-under] for row in rows])
    head, *lines = _plain_lines(table)
    labels = ("", *(f"{name}: " for name in columns[-under:][1:]))
    found = [head]
    for line, row in zip(lines, rows, strict=True):
        found.append(line)
        for label, value in zip(labels, row[-under:], strict=True):
            if text := _cell(value) if value not in {None, ""} else "":
                found += _indented(label + text, width)
    return found


def _indented(text: str, width: int) -> list[str]:
    return wrap(
        text,
        width,
        initial_indent="    ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def print_fields(fields: Mapping[str, object]) -> None:
    """One `name  value` line a field, the values aligned."""
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        sys.stdout.write(f"{name.ljust(width)}  {_cell(value)}\n")


def print_styled(lines: Iterable[tuple[str, str]]) -> None:
    """Lines with a style each ("bold", "dim" or ""), which a terminal shows and a pipe does not."""
    console = _console(soft_wrap=True)
    for text, style in lines:
        console.print(text, style=style or None)


def note(text: str) -> None:
    """A line for people on standard error: progress, warnings, what happens next."""
    sys.stderr.write(text.rstrip("\n") + "\n")
    sys.stderr.flush()


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _console(**options: Any) -> Any:
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False, **options)


def _plain_lines(table: Any) -> list[str]:
    """As wide as its widest row, so that nothing wraps, and without the padding at line ends."""
    width = max(1, _console(width=100_000).measure(table).maximum)
    page = StringIO()
    _console(file=page, width=width).print(table)
    return [line.rstrip() for line in page.getvalue().splitlines()]
