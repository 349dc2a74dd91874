import asyncio
from pathlib import Path

import pytest

from ragreason.datasets import Dataset, Example, Gold
from ragreason.datasets.example import paragraph
from ragreason.evaluation.corpus import absent_supports, dataset_index
from ragreason.index.folder import open_index
from ragreason.settings import Settings
from ragreason.types import Question


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", embedder="hashing")


async def test_the_index_holds_the_union_and_is_made_once(
    dataset: Dataset, chosen: Settings
) -> None:
    told: list[tuple[int, int]] = []
    index = await dataset_index(dataset, chosen, lambda *counts: told.append(counts))
    assert index is not None
    assert set(open_index(index).passages.ids) == {p.id for p in dataset.passages}
    assert told[-1] == (20, 20)
    told.clear()
    same_texts = Dataset("own", Path("other"), dataset.examples[::-1])
    assert await dataset_index(same_texts, chosen, lambda *counts: told.append(counts)) == index
    assert told == []


async def test_long_paragraphs_stay_whole(chosen: Settings) -> None:
    long = paragraph("Ilse", " ".join(f"Sentence {i} is here." for i in range(200)))
    question = Question(id="q", text="Who?")
    gold = Gold(answers=("Ilse",), support_ids=(long.id,))
    dataset = Dataset("own", Path("x"), (Example(question=question, gold=gold, passages=(long,)),))
    index = await dataset_index(dataset, chosen)
    assert index is not None
    assert open_index(index).passages.ids == [long.id]
    assert absent_supports(dataset, index) == 0


async def test_supports_that_an_index_lacks_are_counted(dataset: Dataset, chosen: Settings) -> None:
    half = Dataset("own", Path("x"), dataset.examples[:5])
    index = await dataset_index(half, chosen)
    assert index is not None
    assert absent_supports(half, index) == 0
    assert absent_supports(dataset, index) == 14  # the first five questions bring Town 0 to Town 5


async def test_a_dataset_without_passages_has_no_index(chosen: Settings) -> None:
    assert await dataset_index(Dataset("bamboogle", Path("x"), ()), chosen) is None


async def test_two_processes_that_want_the_same_index_make_it_once(
    dataset: Dataset, chosen: Settings
) -> None:
    told: list[int] = []

    def build() -> Path | None:
        made = dataset_index(dataset, chosen, lambda done, _: told.append(done))
        return asyncio.run(made)

    first, second = await asyncio.gather(asyncio.to_thread(build), asyncio.to_thread(build))
    assert first == second
    assert told == [20]
