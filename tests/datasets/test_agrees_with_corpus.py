"""The ids that gold is given in are those that an index of the same file has."""

import json
from pathlib import Path

import pytest

from ragreason.corpus import passage
from ragreason.corpus.chunk import chunk
from ragreason.corpus.load import load_file
from ragreason.datasets import load_dataset


@pytest.mark.data
@pytest.mark.parametrize(
    "sample",
    [
        "hotpotqa/train_sample.json",
        "hotpotqa/dev_sample_hf_layout.json",
        "2wikimultihopqa/train_sample.json",
        "musique/train_sample.jsonl",
    ],
)
def test_an_index_of_the_file_holds_exactly_the_dataset_passages(data: Path, sample: str) -> None:
    indexed = {p.id for d in load_file(data / sample) for p in chunk(d)}
    assert indexed == {p.id for p in load_dataset(str(data / sample)).passages}


def test_ids_agree_where_a_file_holds_half_characters(tmp_path: Path) -> None:
    paragraph = {"title": "T\ud800", "paragraph_text": "a\udc00b", "is_supporting": True}
    record = {"id": "1", "question": "Who\ud800?", "answer": "x", "paragraphs": [paragraph]}
    (tmp_path / "x.jsonl").write_text(json.dumps(record), encoding="utf-8")
    (example,) = load_dataset(f"musique:{tmp_path / 'x.jsonl'}").examples
    (document,) = load_file(tmp_path / "x.jsonl")
    assert example.gold.support_ids == (passage(document.title, document.text).id,)
    assert example.question.text == "Who\ufffd?"
