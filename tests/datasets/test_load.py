import json
from pathlib import Path

import pytest

from ragreason.datasets import load_dataset
from ragreason.datasets.load import parse_spec
from ragreason.errors import DataError, UnknownNameError

SAMPLES = {
    "hotpotqa/train_sample.json": ("hotpotqa", 100, 994),
    "hotpotqa/dev_sample_hf_layout.json": ("hotpotqa", 100, 1000),
    "2wikimultihopqa/train_sample.json": ("2wikimultihopqa", 500, 3112),
    "musique/train_sample.jsonl": ("musique", 100, 1890),
    "strategyqa/dev_sample.json": ("strategyqa", 60, 255),
    "bamboogle/sample.csv": ("bamboogle", 25, 0),
    "multihop_rag/sample.json": ("multihop_rag", 300, 365),
    "popqa/sample.json": ("popqa", 300, 360),
    "nq/sample.jsonl": ("nq", 500, 498),
    "vaswani": ("trec", 93, 11413),
}


@pytest.mark.data
@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_load_and_their_layout_is_found(data: Path, sample: str) -> None:
    name, questions, passages = SAMPLES[sample]
    dataset = load_dataset(str(data / sample))
    assert (dataset.name, len(dataset.examples), len(dataset.passages)) == (
        name,
        questions,
        passages,
    )


@pytest.mark.data
@pytest.mark.parametrize("sample", SAMPLES)
def test_every_support_is_one_of_the_paragraphs(data: Path, sample: str) -> None:
    dataset = load_dataset(str(data / sample))
    corpus = {p.id for p in dataset.passages}
    for example in dataset.examples:
        assert corpus.issuperset(example.gold.support_ids)
        assert {example.passages[i].id for i in example.gold.support_idxs} <= set(
            example.gold.support_ids
        )
    if passages := SAMPLES[sample][2]:
        assert passages
        assert all(e.gold.support_ids for e in dataset.examples)


def test_name_and_path_are_parted_at_the_first_colon() -> None:
    assert parse_spec("hotpotqa:a/b:c.json") == ("hotpotqa", Path("a/b:c.json"), "")
    assert parse_spec("2wiki:x.json") == ("2wikimultihopqa", Path("x.json"), "")
    assert parse_spec("a/b.json") == (None, Path("a/b.json"), "")


def test_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="unknown dataset 'hotpotq'; did you mean"):
        load_dataset("hotpotq:dev.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none.json: no such file; expected NAME:PATH"):
        load_dataset(f"musique:{tmp_path / 'none.json'}")
    with pytest.raises(DataError, match="names no file"):
        load_dataset("musique:")


def test_duplicate_ids_are_refused(tmp_path: Path) -> None:
    row = {"id": "same", "question": "Who?", "answer": "Ilse"}
    (tmp_path / "x.json").write_text(json.dumps([row, row]), encoding="utf-8")
    with pytest.raises(DataError, match="questions 1 and 2 have the same id 'same'"):
        load_dataset(str(tmp_path / "x.json"))


def test_a_field_map_goes_with_generic_only(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[{}]", encoding="utf-8")
    with pytest.raises(DataError, match="goes with 'generic:PATH' only"):
        load_dataset(f"musique:{tmp_path / 'x.json'}", {"question": "Q"})
