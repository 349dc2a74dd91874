import gzip
import re
from pathlib import Path
from typing import Any

import pytest

from ragreason.datasets.records import Record, read_csv, read_json, unpacked
from ragreason.errors import DataError


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.json", '[{"q": 1}, {"q": 2}]'),
        ("lines.jsonl", '{"q": 1}\n\n{"q": 2}\n'),
        ("lines_in.json", '{"q": 1}\r\n{"q": 2}\r\n'),
        ("mark.json", b'\xef\xbb\xbf[{"q": 1}, {"q": 2}]'),
        ("list.json.gz", gzip.compress(b'[{"q": 1}, {"q": 2}]')),
        ("one_line.json", '{"version": 1, "data": [{"q": 1}, {"q": 2}]}'),
        ("wrapped.json", '{"version": 1,\n "data": [{"q": 1}, {"q": 2}]}'),
    ],
)
def test_layouts_of_json_give_the_same_records(tmp_path: Path, name: str, content: str) -> None:
    records = read_json(write(tmp_path, name, content))
    assert [r.fields["q"] for r in records] == [1, 2]


def test_a_line_separator_inside_a_text_does_not_end_the_line(tmp_path: Path) -> None:
    (record,) = read_json(write(tmp_path, "x.jsonl", '{"q": "one\u2028two"}'))
    assert record.fields["q"] == "one\u2028two"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        ("  \n", "the file is empty"),
        ("[]", "the list is empty"),
        ('{"q": 1}\n{"q": ', "line 2: not JSON.*may be cut off"),
        ('{"q": 1}\n{"q" 2}\n{"q": 3}', "line 2: not JSON"),
        ('[{"q": 1},\n {"q":', "line 2, column 7: not JSON.*may be cut off"),
        ('[{"q": 1},\n {"q": "a text that en', "line 2, column 8: not JSON.*may be cut off"),
        ('[{"q": 1}, 7]', "record 2: expected an object with fields, found 7"),
        ("question,answer\n", "line 1: not JSON"),
        (b'[{"q": "\xff"}]', "line 1: expected UTF-8 text, byte 8 is not"),
        (b'[{"q": "a"},\n{"q": "caf\xe9"}]', "line 2: expected UTF-8 text"),
        ('[{"q": 1}]'.encode("utf-16"), "expected UTF-8 text, it looks like UTF-16"),
        (b'{"q": "\xe6\x9d', "line 1: expected UTF-8 text"),
        ("[" * 100_000, "nested too deeply|not JSON"),
    ],
)
def test_broken_json_is_refused_with_its_place(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    path = write(tmp_path, "x.json", content)
    with pytest.raises(DataError, match=f"{re.escape(str(path))}.*({message})"):
        read_json(path)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_json(tmp_path / "none.json")
    with pytest.raises(DataError, match="this is a folder"):
        read_json(tmp_path)


def test_csv_cells_may_hold_commas_quotes_and_line_breaks(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", 'Question,Answer\n"Who, ""then""?\nTell.",Ilse\n')
    (record,) = read_csv(path)
    assert record.fields == {"Question": 'Who, "then"?\nTell.', "Answer": "Ilse"}


def test_tsv_is_told_by_its_name(tmp_path: Path) -> None:
    (record,) = read_csv(write(tmp_path, "x.tsv", "question\tanswer\nA, b?\tc\n"))
    assert record.fields == {"question": "A, b?", "answer": "c"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("q,a\n", "only a header line"),
        ("q,a\nx,y,z\n", "line 2: expected 2 columns.*, found 3; a text .* needs quotes"),
        ("q,a\nx,y\nx\n", "line 3: expected 2 columns as in the header line, found 1$"),
        ('q,a\n"x,y\n', "line 2: not CSV"),
    ],
)
def test_broken_csv_is_refused_with_its_line(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_csv(write(tmp_path, "x.csv", content))


def test_a_missing_field_is_named_with_those_that_are_there() -> None:
    record = Record("x.json, record 3", {"query": "Who?", "n": 2})
    with pytest.raises(DataError, match=r"x.json, record 3: .*'question' or 'q'; it has query, n"):
        record.text("question", "q")


def test_a_wrong_type_is_shown() -> None:
    record = Record("x.json, record 3", {"question": ["Who?"], "answers": "x", "blank": " "})
    with pytest.raises(DataError, match=r"expected a text under 'question', found \['Who\?'\]"):
        record.text("question")
    with pytest.raises(DataError, match="expected a text under 'blank'"):
        record.text("blank")
    with pytest.raises(DataError, match="expected a list under 'answers'"):
        record.list("answers")
    with pytest.raises(DataError, match="expected a list of texts under 'answers'"):
        record.texts("answers")


def test_numbers_are_taken_as_texts() -> None:
    assert Record("x", {"answer": 1887}).text("answer") == "1887"


def test_an_endless_number_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(f"[{'1' * 5000}]", encoding="utf-8")
    with pytest.raises(DataError, match=r"x\.json: not JSON that can be read"):
        read_json(tmp_path / "x.json")


def test_a_compressed_file_that_is_cut_off_is_told(tmp_path: Path) -> None:
    whole = gzip.compress(b'[{"q": "a long enough text"}]')
    for content in (whole[:20], b"no gzip at all"):
        path = write(tmp_path, "x.json.gz", content)
        with pytest.raises(DataError, match="can't be decompressed, it may be cut off"):
            read_json(path)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('["a", "b"]', ["a", "b"]),
        (' {"a": [1]} ', {"a": [1]}),
        ("[sic]", "[sic]"),
        ("[" * 100_000, "[" * 100_000),
        ("plain", "plain"),
        (7, 7),
        (None, None),
    ],
)
def test_lists_inside_texts_are_read_and_other_texts_are_left(value: Any, expected: Any) -> None:
    assert unpacked(value) == expected


def test_a_list_may_stand_inside_a_text() -> None:
    record = Record("x", {"names": '["a", "b"]', "empty": ""})
    assert record.texts("names") == ("a", "b")
    assert record.list("names") == ["a", "b"]
    assert record.optional("empty") == ()
