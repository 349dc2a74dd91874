"""The ids that gold is given in are those that an index of the same file has."""

from pathlib import Path

import pytest

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
