"""Tables for people, JSON for programs."""

import json
from pathlib import Path

import pytest

from ragreason.cli.output import (
    listing,
    note,
    print_fields,
    print_json,
    print_listing,
    print_table,
)
from ragreason.types import Question


def test_values_and_paths_become_plain_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"q": Question(id="1", text="谁?"), "path": Path("a/b"), "none": None})
    out = capsys.readouterr().out
    assert json.loads(out) == {
        "q": {"id": "1", "text": "谁?", "metadata": {}, "history": []},
        "path": "a/b",
        "none": None,
    }
    assert "谁" in out


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_json_has_no_word_for_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        print_json({"score": bad})


def test_numbers_stand_to_the_right_and_none_is_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["name", "n"], [["a", 1], ["bb", 10], ["c", None]])
    assert capsys.readouterr().out == "name   n\na      1\nbb    10\nc      -\n"


def test_in_a_pipe_every_row_is_one_whole_line(capsys: pytest.CaptureFixture[str]) -> None:
    long = "word " * 100 + "end"
    print_table(["a", "b"], [[long, "x"], ["y", 0.12345]])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert long in lines[1]
    assert lines[2].endswith("0.123")
    assert all(line == line.rstrip() for line in lines)


def test_cells_are_text_not_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["a"], [["[red]x[/red] :smile: [1]"]])
    assert "[red]x[/red] :smile: [1]" in capsys.readouterr().out


def test_an_empty_table_is_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["a", "b"], [])
    assert capsys.readouterr().out.split() == ["a", "b"]


def test_fields_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    print_fields({"a": True, "long": None})
    assert capsys.readouterr().out == "a     yes\nlong  -\n"


def test_notes_leave_standard_output_alone(capsys: pytest.CaptureFixture[str]) -> None:
    note("working\n")
    assert capsys.readouterr() == ("", "working\n")


def test_on_a_terminal_long_columns_stand_below_their_row() -> None:
    rows = [("a", 1, "some words " * 12, "/a/path/that/is/long " * 2), ("long name", 22, "", None)]
    lines = listing(("name", "n", "about", "document"), rows, 2, 80)
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["name", "n"]
    assert lines[1] == "a           1"
    assert lines[2].startswith("    some words some words")
    assert lines[-2].startswith("    document: /a/path/that/is/long")
    assert lines[-1] == "long name  22"


def test_in_a_pipe_a_listing_has_a_line_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_listing(("name", "about"), [("a", "words " * 40), ("b", "")])
    assert len(capsys.readouterr().out.splitlines()) == 3
