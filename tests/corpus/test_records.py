import json
from pathlib import Path
from typing import Any

import pytest

from ragreason.corpus.load import load_file
from ragreason.errors import CorpusError


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def jsonl(tmp_path: Path, *records: Any) -> Path:
    return write(tmp_path / "r.jsonl", "\n".join(json.dumps(r) for r in records) + "\n\n")


def test_each_line_is_a_document_and_other_fields_are_metadata(tmp_path: Path) -> None:
    record = {"id": "x7", "title": "Lake", "text": "Deep.", "year": 1990, "tags": ["a"], "ok": True}
    (document,) = load_file(jsonl(tmp_path, record))
    assert (document.title, document.text) == ("Lake", "Deep.")
    assert document.id.endswith("r.jsonl#x7")
    assert document.metadata == {"year": 1990, "ok": True}


def test_named_fields_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "r.csv", 'name,body,text\nLake,"Deep, cold",other\n')
    (document,) = load_file(path, {"title": "name", "text": "body"})
    assert (document.title, document.text) == ("Lake", "Deep, cold")
    assert document.metadata == {"text": "other"}
    assert document.id.endswith("r.csv#1")


def test_tabs_part_tsv_and_huge_cells_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "r.tsv", "title\ttext\nLake\t" + "deep " * 60_000 + "\n")
    (document,) = load_file(path)
    assert len(document.text) == 300_000


def test_a_missing_text_field_names_the_fields_there_are(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no field 'text'; it has 'headline', 'story'.*--fields"):
        load_file(jsonl(tmp_path, {"headline": "x", "story": "y"}))


def test_unknown_roles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="can name id, title, text, not 'body'"):
        load_file(jsonl(tmp_path, {"text": "x"}), {"body": "text"})


def test_bad_json_names_file_and_line(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", '{"text": "x"}\n{"text": \n')
    with pytest.raises(CorpusError, match=r"r\.jsonl:2: not JSON"):
        load_file(path)


def test_json_must_be_a_list_of_records(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="expected a list of records, found a JSON object"):
        load_file(write(tmp_path / "r.json", "{}"))
    with pytest.raises(CorpusError, match="record 2 is a number, expected an object"):
        load_file(write(tmp_path / "r.json", '[{"text": "x"}, 3]'))


def test_lone_surrogates_are_replaced(tmp_path: Path) -> None:
    (document,) = load_file(write(tmp_path / "r.jsonl", '{"text": "a\\ud800b", "k": "\\udc00"}'))
    assert document.text == "a\ufffdb"
    assert document.metadata == {"k": "\ufffd"}


def test_what_gives_answers_away_never_becomes_metadata(tmp_path: Path) -> None:
    record = {"text": "x", "answer": "42", "supporting_facts": "y", "isgold": True, "hasanswer": 1}
    (document,) = load_file(jsonl(tmp_path, record))
    assert document.metadata == {}


def test_names_that_give_answers_away_are_known_in_any_case(tmp_path: Path) -> None:
    record = {"text": "x", "Answer": "42", "gold": "42", "answerable": False, "Year": 1}
    (document,) = load_file(jsonl(tmp_path, record))
    assert document.metadata == {"Year": 1}


def test_rows_without_text_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "r.csv", "title,text\nLake,Deep.\nHill,\nBoat\n")
    assert [d.title for d in load_file(path)] == ["Lake"]
    assert load_file(jsonl(tmp_path, {"title": "Hill", "text": None})) == []
    with pytest.raises(CorpusError, match="no field 'story'"):
        load_file(path, {"text": "story"})


def test_a_quote_that_is_never_closed_is_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"r\.csv: not CSV"):
        load_file(write(tmp_path / "r.csv", 'text\n"Deep.\nHigh.\n'))


def test_numbers_that_json_has_no_words_for_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", '{"text": "x", "a": NaN, "b": -Infinity, "c": 0.5}')
    assert load_file(path)[0].metadata == {"c": 0.5}
