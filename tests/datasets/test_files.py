"""Folders, splits and columnar files."""

import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.ipc
import pyarrow.parquet
import pytest

from ragreason.datasets import load_dataset
from ragreason.datasets.files import Origin, files_of
from ragreason.errors import DataError

ROWS: list[dict[str, Any]] = [
    {
        "id": f"q{i}",
        "question": f"Who rows number {i}?",
        "answer": "Ilse",
        "type": "bridge",
        "supporting_facts": {"title": ["Ilse"], "sent_id": [0]},
        "context": {"title": ["Ilse", "Otto"], "sentences": [["Ilse rows."], ["Otto sings."]]},
    }
    for i in range(3)
]


def save(folder: Path, rows: list[dict[str, Any]]) -> None:
    """As `Dataset.save_to_disk` does: streams, and a description beside them."""
    folder.mkdir(parents=True)
    table = pyarrow.Table.from_pylist(rows)
    for number in (0, 1):
        part = table.slice(number * 2, 2)
        name = f"data-0000{number}-of-00002.arrow"
        with pyarrow.ipc.new_stream(folder / name, part.schema) as stream:
            stream.write_table(part)
    (folder / "dataset_info.json").write_text("{}", encoding="utf-8")
    (folder / "state.json").write_text("{}", encoding="utf-8")


def ids(spec: str, split: str = "") -> list[str]:
    return [e.question.id for e in load_dataset(spec, split=split).examples]


def test_a_parquet_file_gives_what_the_json_file_gives(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), tmp_path / "x.parquet")
    (tmp_path / "x.json").write_text(json.dumps(ROWS), encoding="utf-8")
    both = [load_dataset(f"hotpotqa:{tmp_path / name}") for name in ("x.parquet", "x.json")]
    assert both[0].examples == both[1].examples
    assert load_dataset(str(tmp_path / "x.parquet")).name == "hotpotqa", "told by looking"


def test_a_saved_dataset_is_read_part_by_part(tmp_path: Path) -> None:
    save(tmp_path / "saved", ROWS)
    assert ids(f"hotpotqa:{tmp_path / 'saved'}") == ["q0", "q1", "q2"]
    assert ids(str(tmp_path / "saved")) == ["q0", "q1", "q2"]


def test_arrow_files_that_are_no_streams_are_read_too(tmp_path: Path) -> None:
    table = pyarrow.Table.from_pylist(ROWS)
    with pyarrow.ipc.new_file(tmp_path / "x.arrow", table.schema) as file:
        file.write_table(table)
    assert ids(f"hotpotqa:{tmp_path / 'x.arrow'}") == ["q0", "q1", "q2"]


def test_of_several_splits_one_must_be_named(tmp_path: Path) -> None:
    save(tmp_path / "train", ROWS[:2])
    save(tmp_path / "validation", ROWS[2:])
    (tmp_path / "dataset_dict.json").write_text("{}", encoding="utf-8")
    spec = f"hotpotqa:{tmp_path}"
    assert ids(spec, "validation") == ["q2"]
    with pytest.raises(DataError, match="has several splits; give one of: train, validation"):
        load_dataset(spec)
    with pytest.raises(DataError, match="no split 'test'; give one of: train, validation"):
        load_dataset(spec, split="test")


def test_files_of_a_folder_are_named_by_their_splits(tmp_path: Path) -> None:
    for name in ("train-00000-of-00002", "train-00001-of-00002", "dev"):
        (tmp_path / f"{name}.jsonl").write_text(f'{{"q": "{name}"}}', encoding="utf-8")
    (tmp_path / "README.md").write_text("what this is", encoding="utf-8")
    assert [p.name for p in files_of(tmp_path, "train")] == [
        "train-00000-of-00002.jsonl",
        "train-00001-of-00002.jsonl",
    ]
    assert len(Origin(tmp_path, "dev").records) == 1


def test_a_folder_without_data_and_a_file_with_a_split_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="files; found none"):
        files_of(tmp_path, "")
    (tmp_path / "x.json").write_text(json.dumps(ROWS), encoding="utf-8")
    with pytest.raises(DataError, match="is one file, it has no split 'dev'"):
        load_dataset(f"hotpotqa:{tmp_path / 'x.json'}", split="dev")
    save(tmp_path / "saved", ROWS)
    with pytest.raises(DataError, match="is one split"):
        load_dataset(f"hotpotqa:{tmp_path / 'saved'}", split="dev")
    for path in (tmp_path / "saved").glob("*.arrow"):
        path.unlink()
    with pytest.raises(DataError, match=r"expected \.arrow files"):
        load_dataset(f"hotpotqa:{tmp_path / 'saved'}")


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
@pytest.mark.parametrize("content", [b"", b"PAR1", b"no columns at all"])
def test_broken_columns_are_one_clear_line(tmp_path: Path, suffix: str, content: bytes) -> None:
    (tmp_path / f"x.{suffix}").write_bytes(content)
    with pytest.raises(DataError, match=rf"x.{suffix}: (not a {suffix} file|there are no records)"):
        load_dataset(f"hotpotqa:{tmp_path / f'x.{suffix}'}")


def test_a_table_without_rows_is_refused(tmp_path: Path) -> None:
    empty = pyarrow.Table.from_pylist(ROWS).slice(0, 0)
    pyarrow.parquet.write_table(empty, tmp_path / "x.parquet")
    with pytest.raises(DataError, match="there are no records"):
        load_dataset(f"hotpotqa:{tmp_path / 'x.parquet'}")


def test_a_row_is_named_in_errors(tmp_path: Path) -> None:
    rows = [ROWS[0], {**ROWS[1], "answer": None}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "x.parquet")
    with pytest.raises(DataError, match=r"x.parquet, row 2: expected a text under 'answer'"):
        load_dataset(f"hotpotqa:{tmp_path / 'x.parquet'}")
