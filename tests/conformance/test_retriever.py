"""Every registered retriever keeps the protocol's promises."""

import asyncio
import json
from pathlib import Path

import pytest

from ragreason import registry
from ragreason.embedding.hashing import HashingEmbedder
from ragreason.errors import ConfigError
from ragreason.protocols import Retriever
from ragreason.retrieval.build import build_index
from ragreason.retrieval.metered import Metered
from ragreason.retrieval.open import open_retriever

RECORDS = [
    {"title": "Ostmere", "text": "A lake in the north of Vell.", "year": 1990, "kind": "lake"},
    {"title": "Vell", "text": "A country of lakes and hills.", "year": 1991, "kind": "country"},
    {"title": "Tarn", "text": "A hill in Vell.", "year": 1990, "kind": "hill"},
    {"title": "Ostmere", "text": "A boat, named after the lake.", "year": 1992, "kind": "boat"},
    {"title": "瓦尔湖", "text": "瓦尔湖是北方的一个湖泊。", "year": 1990, "kind": "lake"},
    # twins, apart in titles that hold no words: their scores tie
    {"title": "-", "text": "Salt traders met at the market.", "year": 2000, "kind": "trade"},
    {"title": "--", "text": "Salt traders met at the market.", "year": 2001, "kind": "trade"},
    {"title": "---", "text": "Salt traders met at the market.", "year": 2002, "kind": "trade"},
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("retriever")
    path = folder / "records.jsonl"
    path.write_text("\n".join(json.dumps(record) for record in RECORDS), encoding="utf-8")
    asyncio.run(build_index([path], folder / "index", embedder=HashingEmbedder()))
    return folder / "index"


@pytest.fixture(scope="module", params=[*registry.known("retrievers"), "metered"])
def retriever(request: pytest.FixtureRequest, index: Path) -> Retriever:
    if request.param == "metered":
        return Metered(open_retriever(index, "hybrid", embedder=HashingEmbedder()))
    return open_retriever(index, request.param, embedder=HashingEmbedder())


def test_is_a_retriever(retriever: Retriever) -> None:
    assert isinstance(retriever, Retriever)
    assert retriever.name


@pytest.mark.parametrize("k", [1, 3, 100])
async def test_best_first_distinct_numbered_at_most_k(retriever: Retriever, k: int) -> None:
    (hits,) = await retriever.retrieve(["lake in the north of Vell"], k)
    assert 1 <= len(hits) <= min(k, len(RECORDS))
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len({hit.passage.id for hit in hits}) == len(hits)
    assert hits[0].passage.text == RECORDS[0]["text"]
    assert {hit.source for hit in hits} == {retriever.name}
    assert {hit.query for hit in hits} == {"lake in the north of Vell"}


async def test_more_hits_begin_with_fewer(retriever: Retriever) -> None:
    (few,), (many,) = [await retriever.retrieve(["hills of Vell"], k) for k in (2, 5)]
    assert many[: len(few)] == few


async def test_ties_keep_corpus_order(retriever: Retriever) -> None:
    for k in (1, 2, 3):
        (hits,) = await retriever.retrieve(["salt traders market"], k)
        assert [hit.passage.title for hit in hits] == ["-", "--", "---"][:k]


async def test_a_batch_gives_what_single_queries_give(retriever: Retriever) -> None:
    queries = ["lake", "", "hills of Vell", "北方的湖泊", "salt", "lake"] * 5
    batch = await retriever.retrieve(queries, 3)
    assert batch == [(await retriever.retrieve([query], 3))[0] for query in queries]


async def test_concurrent_searches_do_not_disturb_each_other(retriever: Retriever) -> None:
    queries = ["lake", "hills of Vell", "北方的湖泊", "salt traders"] * 4
    together = await asyncio.gather(*(retriever.retrieve([query], 3) for query in queries))
    assert [hits[0] for hits in together] == await retriever.retrieve(queries, 3)


async def test_blank_queries_and_no_queries_find_nothing(retriever: Retriever) -> None:
    assert await retriever.retrieve(["", " \n", "?!"], 3) == [[], [], []]
    assert await retriever.retrieve([], 3) == []


async def test_chinese_is_found(retriever: Retriever) -> None:
    (hits,) = await retriever.retrieve(["北方的湖泊在哪里？"], 1)
    assert hits[0].passage.title == "瓦尔湖"


async def test_filters_keep_equal_values_and_k_is_still_reached(retriever: Retriever) -> None:
    (hits,) = await retriever.retrieve(["salt traders market"], 2, {"year": [2001, 2002]})
    assert [hit.passage.title for hit in hits] == ["--", "---"]
    (hits,) = await retriever.retrieve(["lake of Vell"], 5, {"year": 1990, "kind": "lake"})
    assert hits[0].passage.title == "Ostmere"
    assert {hit.passage.metadata["kind"] for hit in hits} == {"lake"}
    assert await retriever.retrieve(["lake"], 5, {"kind": "volcano"}) == [[]]
    assert await retriever.retrieve(["lake"], 5, {"nothing": 1}) == [[]]


async def test_a_query_of_100_000_characters_is_answered(retriever: Retriever) -> None:
    (hits,) = await retriever.retrieve(["lake north Vell " * 6250], 2)
    assert len(hits) == 2


@pytest.mark.parametrize("k", [0, -1])
async def test_k_must_be_positive(retriever: Retriever, k: int) -> None:
    with pytest.raises(ConfigError, match="expected 1 or more"):
        await retriever.retrieve(["lake"], k)
