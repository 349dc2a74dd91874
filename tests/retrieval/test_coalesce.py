import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from ragreason import ledger, registry
from ragreason.embedding.hashing import HashingEmbedder
from ragreason.errors import ConfigError
from ragreason.protocols import EmbedKind, Floats, Where
from ragreason.retrieval.build import build_index
from ragreason.retrieval.coalesce import CoalescingRetriever
from ragreason.retrieval.metered import Metered
from ragreason.retrieval.open import open_retriever
from ragreason.types import Hit, Passage

WORDS = "lake hill river market salt boat north south harbour bridge tower mill".split()
QUERIES = [
    f"the {WORDS[i % 12]} of {WORDS[i * 5 % 12]} and {WORDS[i * 7 % 11]} {i}" for i in range(64)
]


class Counting(HashingEmbedder):
    """The hashing embedder; keeps how many texts each call had."""

    def __init__(self) -> None:
        super().__init__(64)
        self.calls: list[int] = []

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        self.calls.append(len(texts))
        return await super().embed(texts, kind)


class Echo:
    """Gives each query back as a hit, and keeps the calls; bad queries raise."""

    name = "echo"

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], int, Where | None]] = []
        self.metered: list[ledger.Meter | None] = []

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        self.calls.append((list(queries), k, where))
        self.metered.append(ledger.current())
        if "boom" in queries:
            raise OSError("disk")
        return [[_hit(query, rank) for rank in range(1, k + 1)] for query in queries]


def _hit(query: str, rank: int) -> Hit:
    passage = Passage(id=f"{query}-{rank}", title="", text=query, document="d")
    return Hit(passage=passage, score=1 / rank, rank=rank, source="echo", query=query)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("coalesce")
    path = folder / "records.jsonl"
    records = [
        {
            "title": f"{WORDS[i % 12]} {i}",
            "text": f"A {WORDS[i * 5 % 12]} by the {WORDS[i * 7 % 12]}.",
            "year": i % 3,
        }
        for i in range(120)
    ]
    path.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    asyncio.run(build_index([path], folder / "index", embedder=HashingEmbedder(64)))
    return folder / "index"


@pytest.mark.parametrize("kind", registry.known("retrievers"))
async def test_64_callers_at_once_get_what_each_gets_alone(kind: str, index: Path) -> None:
    retriever = open_retriever(index, kind, embedder=HashingEmbedder(64))
    alone = [await retriever.retrieve([query], 5) for query in QUERIES]
    together = await asyncio.gather(*(retriever.retrieve([query], 5) for query in QUERIES))
    assert together == alone


async def test_64_callers_at_once_are_one_embedding_and_one_search(index: Path) -> None:
    embedder = Counting()
    retriever = open_retriever(index, "dense", embedder=embedder)
    await asyncio.gather(*(retriever.retrieve([query], 5) for query in QUERIES))
    assert embedder.calls == [64]


@pytest.mark.parametrize("batch", [1, 7, 32, 64])
async def test_calls_are_as_few_as_batches_hold_the_queries(batch: int) -> None:
    inner = Echo()
    retriever = CoalescingRetriever(inner, batch)
    found = await asyncio.gather(*(retriever.retrieve([query], 2) for query in QUERIES))
    assert [hits[0][0].query for hits in found] == QUERIES
    assert len(inner.calls) == -(-64 // batch)


async def test_another_k_is_another_call_of_the_same_batch_and_one_embedding(index: Path) -> None:
    embedder = Counting()
    retriever = open_retriever(index, "hybrid", embedder=embedder)
    alone = [await retriever.retrieve([q], 1 + i % 3) for i, q in enumerate(QUERIES[:30])]
    embedder.calls.clear()
    together = await asyncio.gather(
        *(retriever.retrieve([q], 1 + i % 3) for i, q in enumerate(QUERIES[:30]))
    )
    assert together == alone
    assert embedder.calls == [30]


async def test_filters_do_not_mix() -> None:
    inner = Echo()
    retriever = CoalescingRetriever(inner)
    filters: list[Where | None] = [
        None,
        {},
        {"year": 1},
        {"year": True},
        {"year": "1"},
        {"year": [1]},
        {"year": 1, "kind": "lake"},
        {"kind": "lake", "year": 1},
    ]
    await asyncio.gather(*(retriever.retrieve([str(i)], 1, w) for i, w in enumerate(filters)))
    assert [queries for queries, _, _ in inner.calls] == [
        ["0", "1"],
        ["2"],
        ["3"],
        ["4"],
        ["5"],
        ["6", "7"],
    ]
    years = [None if where is None else where["year"] for _, _, where in inner.calls]
    assert [type(year) for year in years] == [type(None), int, bool, str, tuple, int]


async def test_a_filter_that_its_caller_changes_while_it_waits_is_the_one_asked_for() -> None:
    inner = Echo()
    retriever = CoalescingRetriever(inner)
    years: list[int] = [1990]
    where = {"year": years}
    task = asyncio.create_task(retriever.retrieve(["a"], 1, where))
    await asyncio.sleep(0)
    years.append(1991)
    where["year"] = []
    await task
    assert inner.calls == [(["a"], 1, {"year": (1990,)})]


async def test_several_queries_and_none_come_back_to_their_callers() -> None:
    inner = Echo()
    retriever = CoalescingRetriever(inner)
    found = await asyncio.gather(
        retriever.retrieve(["a", "b"], 1), retriever.retrieve([], 1), retriever.retrieve(["c"], 1)
    )
    assert [[hits[0].query for hits in own] for own in found] == [["a", "b"], [], ["c"]]
    assert len(inner.calls) == 1


async def test_a_query_that_fails_fails_alone() -> None:
    retriever = CoalescingRetriever(Echo())
    found = await asyncio.gather(
        *(retriever.retrieve([query], 1) for query in ("a", "boom", "b")), return_exceptions=True
    )
    assert isinstance(found[1], OSError)
    assert [own[0][0].query for own in (found[0], found[2]) if isinstance(own, list)] == ["a", "b"]


async def test_a_bad_k_stops_its_own_caller_only() -> None:
    inner = Echo()
    retriever = CoalescingRetriever(inner)
    good, bad = await asyncio.gather(
        retriever.retrieve(["a"], 1), retriever.retrieve(["b"], 0), return_exceptions=True
    )
    assert isinstance(bad, ConfigError)
    assert isinstance(good, list)
    assert inner.calls == [(["a"], 1, None)]


async def test_each_question_is_charged_for_its_own_queries() -> None:
    inner = Echo()
    retriever = Metered(CoalescingRetriever(inner))

    async def ask(queries: list[str]) -> int:
        with ledger.metering(ledger.Meter()) as meter:
            await retriever.retrieve(queries, 1)
        return meter.spent.retrievals

    one, two = await asyncio.gather(ask(["a"]), ask(["b", "c"]))
    assert (one, two) == (1, 2)
    assert inner.metered == [None]
