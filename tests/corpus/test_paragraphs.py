import json
from pathlib import Path
from typing import Any

import pytest

from ragreason.corpus import paragraph_passage
from ragreason.corpus.chunk import chunk
from ragreason.corpus.load import load_file
from ragreason.errors import CorpusError

OFFICIAL = {
    "_id": "1",
    "question": "SECRET question",
    "answer": "SECRET",
    "supporting_facts": [["A", 0]],
    "context": [["A", ["One.", " Two."]], ["B", ["Three."]]],
}
HF = OFFICIAL | {"context": {"title": ["A", "B"], "sentences": [["One.", " Two."], ["Three."]]}}
MUSIQUE = {
    "question": "SECRET",
    "answer": "SECRET",
    "paragraphs": [
        {"idx": 0, "title": "A", "paragraph_text": "One. Two.", "is_supporting": True},
        {"idx": 1, "title": "B", "paragraph_text": "Three.", "is_supporting": False},
    ],
}
DPR = {
    "question": "SECRET",
    "answers": ["SECRET"],
    "ctxs": [
        {"title": "A", "text": "One. Two.", "hasanswer": True},
        {"title": "B", "text": "Three."},
    ],
}


@pytest.mark.parametrize("record", [OFFICIAL, HF, MUSIQUE, DPR])
@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_every_layout_gives_the_same_paragraphs_and_nothing_else(
    tmp_path: Path, record: dict[str, Any], suffix: str
) -> None:
    path = tmp_path / f"data{suffix}"
    path.write_text(json.dumps(record if suffix == ".jsonl" else [record, record]))
    documents = load_file(path)
    passages = [p for d in documents for p in chunk(d)]
    assert [(p.title, p.text) for p in passages] == [("A", "One. Two."), ("B", "Three.")]
    assert [p.id for p in passages] == [
        paragraph_passage("A", ["One.", " Two."]).id,
        paragraph_passage("B", "Three.").id,
    ]
    assert "SECRET" not in repr(documents)
    assert all(p.metadata == {} for p in passages)
    assert documents[0].id == f"{path}#A"


def test_paragraphs_of_one_title_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text(json.dumps([{"context": [["A", ["One."]], ["A", ["Two."]]]}]))
    assert [d.id for d in load_file(path)] == [f"{path}#A", f"{path}#A#2"]


def test_a_record_of_another_layout_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text(json.dumps([OFFICIAL, {"context": "text"}]))
    with pytest.raises(CorpusError, match="record 2 is no question with paragraphs"):
        load_file(path)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("hotpotqa/train_sample.json", 994),
        ("hotpotqa/dev_sample_hf_layout.json", 1000),
        ("2wikimultihopqa/train_sample.json", 3112),
        ("musique/train_sample.jsonl", 1890),
        ("nq/sample.jsonl", 498),
    ],
)
def test_real_files_are_read_whole_and_each_paragraph_once(
    data: Path, name: str, count: int
) -> None:
    documents = load_file(data / name)
    passages = [p for d in documents for p in chunk(d)]
    assert len(documents) == len(passages) == len({p.id for p in passages}) == count
