from pathlib import Path

import pytest

from ragreason.datasets import Dataset, load_dataset
from ragreason.datasets.write import write_world
from ragreason.errors import DataError


@pytest.mark.data
@pytest.mark.parametrize(
    "sample",
    ["hotpotqa/train_sample.json", "musique/train_sample.jsonl", "strategyqa/dev_sample.json"],
)
def test_a_converted_dataset_has_the_same_questions_answers_and_supports(
    data: Path, tmp_path: Path, sample: str
) -> None:
    before = load_dataset(str(data / sample))
    assert write_world(before, tmp_path / "world", limit=30) == 30
    after = load_dataset(f"world:{tmp_path / 'world'}")
    assert [p.id for p in after.passages] == [p.id for p in before.passages]
    for old, new in zip(before.examples, after.examples, strict=False):
        assert new.question == old.question
        assert new.gold.answers == old.gold.answers
        assert new.gold.support_ids == old.gold.support_ids


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("", encoding="utf-8")
    world = load_dataset(f"world:{Path(__file__).parents[2] / 'corpora/vessmark'}")
    with pytest.raises(DataError, match="expected a new or an empty folder"):
        write_world(world, tmp_path)


def test_a_dataset_without_passages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no passages"):
        write_world(Dataset("bamboogle", Path("b.csv"), ()), tmp_path / "new")
