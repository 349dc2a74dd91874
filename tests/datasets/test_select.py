"""Parts of a dataset: by type and hops, and samples that nothing but seed and questions decide."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from ragreason.datasets import Dataset, Example, Gold, Selection
from ragreason.datasets.example import paragraph
from ragreason.errors import DataError
from ragreason.types import Question


def example(number: int) -> Example:
    kind, hops = [("bridge", 2), ("comparison", 2), ("bridge", 3), ("", 0)][number % 4]
    passage = paragraph(f"T{number}", f"Text {number}.")
    return Example(
        question=Question(id=str(number), text=f"Who is number {number}?"),
        gold=Gold(answers=("x",), type=kind, hops=hops),
        passages=(passage,),
    )


DATA = Dataset("own", Path("own.json"), tuple(map(example, range(40))))


def texts(dataset: Dataset) -> set[str]:
    return {e.question.text for e in dataset.examples}


def test_types_and_hops_are_both_to_fit() -> None:
    bridges = Selection(types=["bridge"]).of(DATA)
    assert [e.question.id for e in bridges.examples][:4] == ["0", "2", "4", "6"]
    assert len(Selection(types=["bridge"], hops=[3]).of(DATA).examples) == 10
    assert len(Selection(hops=[2, 3]).of(DATA).examples) == 30


def test_the_corpus_stays_that_of_all_questions() -> None:
    part = Selection(types=["comparison"], sample=2).of(DATA)
    assert part.passages == DATA.passages
    assert part.data_hash != DATA.data_hash


def test_everything_is_the_dataset_itself() -> None:
    assert Selection().of(DATA) is DATA
    assert Selection(sample=40).of(DATA) is DATA


def test_a_sample_depends_on_the_seed_and_not_on_the_order_of_the_file() -> None:
    first = Selection(sample=12, seed=3).of(DATA)
    assert texts(first) == texts(Selection(sample=12, seed=3).of(DATA))
    assert texts(first) != texts(Selection(sample=12, seed=4).of(DATA))
    examples = list(DATA.examples)
    random.Random(1).shuffle(examples)
    # numbered anew, as a file without ids is when its lines are moved
    moved = [
        e.model_copy(update={"question": Question(id=str(i), text=e.question.text)})
        for i, e in enumerate(examples)
    ]
    shuffled = replace(DATA, examples=tuple(moved))
    assert texts(Selection(sample=12, seed=3).of(shuffled)) == texts(first)


def test_a_sample_keeps_the_files_order_and_grows_by_more_questions() -> None:
    ids = [int(e.question.id) for e in Selection(sample=12).of(DATA).examples]
    assert ids == sorted(ids)
    assert ids != list(range(12)), "not simply the first"
    assert texts(Selection(sample=12).of(DATA)) < texts(Selection(sample=13).of(DATA))


def test_every_question_is_as_likely_to_be_drawn() -> None:
    drawn = [texts(Selection(sample=10, seed=seed).of(DATA)) for seed in range(400)]
    counts = [sum(e.question.text in some for some in drawn) for e in DATA.examples]
    assert all(60 < count < 140 for count in counts), "100 expected, four standard errors are 35"


def test_what_nothing_fits_is_refused_with_what_there_is() -> None:
    with pytest.raises(DataError, match="no question has the type 'brige'; known: bridge, compari"):
        Selection(types=["brige"]).of(DATA)
    with pytest.raises(DataError, match="no question has the number of hops '7'; known: 2, 3"):
        Selection(hops=[7]).of(DATA)
    with pytest.raises(DataError, match="no question has such a type and number of hops both"):
        Selection(types=["comparison"], hops=[3]).of(DATA)
    with pytest.raises(DataError, match=r"sample of 41 was asked for, own\.json has 40"):
        Selection(sample=41).of(DATA)
