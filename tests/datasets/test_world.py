import json
from pathlib import Path

import pytest

from ragreason.datasets import load_dataset
from ragreason.errors import DataError
from ragreason.text.passages import passage_id

VESSMARK = Path(__file__).parents[2] / "corpora/vessmark"


def write_world(folder: Path, supporting: list[str]) -> Path:
    (folder / "documents").mkdir()
    (folder / "documents/ilse.md").write_text("# Ilse\n\nIlse rows.\n", encoding="utf-8")
    row = {"id": "d", "title": "Otto", "text": "Otto sings. "}
    (folder / "documents/documents.jsonl").write_text(json.dumps(row), encoding="utf-8")
    question = {"id": "w1", "question": "Who?", "answer": "Ilse", "aliases": ["Ilsa"], "hops": 2}
    question |= {"type": "bridge", "supporting": supporting, "path": [["Ilse", "is", "Ilse"]]}
    (folder / "questions.jsonl").write_text(json.dumps(question), encoding="utf-8")
    return folder


def test_a_world_by_folder_and_by_file(tmp_path: Path) -> None:
    folder = write_world(tmp_path, ["Otto", "Ilse"])
    dataset = load_dataset(f"world:{folder}")
    assert dataset.examples == load_dataset(str(folder / "questions.jsonl")).examples
    (example,) = dataset.examples
    assert example.gold.support_ids == (
        passage_id("Otto", "Otto sings."),
        passage_id("Ilse", "Ilse rows."),
    )
    assert example.gold.answers == ("Ilse", "Ilsa")
    assert (example.gold.type, example.gold.hops, example.passages) == ("bridge", 2, ())
    assert [p.title for p in dataset.passages] == ["Ilse", "Otto"]


def test_an_unknown_supporting_title_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no document has the title or id 'Ada'"):
        load_dataset(f"world:{write_world(tmp_path, ['Ada'])}")


def test_missing_documents_are_refused(tmp_path: Path) -> None:
    folder = write_world(tmp_path, ["Otto"])
    for path in (folder / "documents").iterdir():
        path.unlink()
    with pytest.raises(DataError, match="expected a world's documents"):
        load_dataset(f"world:{folder}")


def test_the_sample_corpus_has_the_ids_that_its_index_has() -> None:
    from ragreason.corpus.chunk import chunk
    from ragreason.corpus.load import load

    indexed = {p.id for d in load([VESSMARK / "documents"]) for p in chunk(d)}
    dataset = load_dataset(f"world:{VESSMARK}")
    assert len(dataset.examples) == 40
    assert indexed == {p.id for p in dataset.passages}


@pytest.mark.parametrize(("told", "answerable"), [(False, False), ("false", False), ("true", True)])
def test_a_copy_may_say_as_a_text_what_can_be_answered(
    tmp_path: Path, told: object, answerable: bool
) -> None:
    folder = write_world(tmp_path, ["Otto"])
    question = json.loads((folder / "questions.jsonl").read_text(encoding="utf-8"))
    text = json.dumps(question | {"answerable": told})
    (folder / "questions.jsonl").write_text(text, encoding="utf-8")
    assert load_dataset(f"world:{folder}").examples[0].gold.answerable is answerable


def test_an_id_goes_before_a_title_that_is_the_same(tmp_path: Path) -> None:
    folder = write_world(tmp_path, ["ilse"])
    (folder / "documents/other.md").write_text("# ilse\n\nAnother.\n", encoding="utf-8")
    (example,) = load_dataset(f"world:{folder}").examples
    assert example.gold.support_ids == (passage_id("Ilse", "Ilse rows."),)
