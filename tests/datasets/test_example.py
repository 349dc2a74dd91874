from pathlib import Path

import pytest
from pydantic import ValidationError

from ragreason.datasets import load_dataset
from ragreason.datasets.example import Dataset, Example, Gold, distinct, ids_of, paragraph
from ragreason.text.passages import passage_id
from ragreason.types import Question


def graded(name: str) -> Example:
    gold = Gold(answers=("x",), grades=((ILSE.id, 2),))
    return Example(question=Question(id=name, text=f"{name}?"), gold=gold, passages=(ILSE, OTTO))


ILSE, OTTO = paragraph("Ilse", "Ilse rows."), paragraph("Otto", "Otto sings.")


def example(name: str, *, answer: str = "x") -> Example:
    question = Question(id=name, text=f"{name}?")
    return Example(question=question, gold=Gold(answers=(answer,)), passages=(ILSE, OTTO, ILSE))


def test_a_paragraph_covers_its_whole_document() -> None:
    assert (ILSE.id, ILSE.document, ILSE.start, ILSE.end) == (
        passage_id("Ilse", "Ilse rows."),
        "Ilse",
        0,
        10,
    )


def test_gold_is_never_changed() -> None:
    with pytest.raises(ValidationError):
        Gold(answers=("x",)).answers = ("y",)  # type: ignore[misc]


def test_distinct_keeps_the_first_place() -> None:
    assert distinct([OTTO, ILSE, OTTO]) == (OTTO, ILSE)


def test_the_corpus_is_the_union_and_what_belongs_to_no_example() -> None:
    extra = paragraph("Ada", "Ada reads.")
    dataset = Dataset("own", Path("x"), (example("a"), example("b")), (extra, ILSE))
    assert dataset.passages == (extra, ILSE, OTTO)


def test_a_title_without_paragraph_counts_as_missed() -> None:
    assert ids_of((ILSE, OTTO), ["Otto", "Ada"]) == (OTTO.id, passage_id("Ada", ""))


def test_data_hash_follows_questions_gold_and_name_not_the_path() -> None:
    base = Dataset("own", Path("x"), (example("a"), example("b")))
    assert base.data_hash == Dataset("own", Path("y"), base.examples).data_hash
    others = [
        Dataset("other", Path("x"), base.examples),
        Dataset("own", Path("x"), base.examples[:1]),
        Dataset("own", Path("x"), base.examples[::-1]),
        Dataset("own", Path("x"), (example("a", answer="y"), example("b"))),
        Dataset("own", Path("x"), base.examples, (paragraph("Ada", "Ada reads."),)),
        Dataset("own", Path("x"), (graded("a"), example("b"))),
    ]
    assert len({base.data_hash, *(d.data_hash for d in others)}) == 7


@pytest.mark.data
def test_hashes_of_older_runs_are_found_again(data: Path) -> None:
    """Fields that came later must not change them: runs are keyed by them."""
    known = {
        "hotpotqa/train_sample.json": "226ac982fc283ba3",
        "2wikimultihopqa/train_sample.json": "a8b6c149a1c282be",
        "musique/train_sample.jsonl": "286fe58d32e97d95",
    }
    assert {name: load_dataset(str(data / name)).data_hash for name in known} == known


def test_supports_do_not_stand_first_in_a_corpus_file_of_its_own() -> None:
    corpus = tuple(paragraph(f"T{i}", f"Text {i}.") for i in range(9))
    needed = Example(
        question=Question(id="q", text="Who?"),
        gold=Gold(answers=("x",), support_ids=(corpus[7].id,)),
        passages=(corpus[7],),
    )
    assert Dataset("own", Path("x"), (needed,), corpus).passages == corpus
