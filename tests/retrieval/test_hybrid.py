from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.index.folder import IndexFolder, open_index
from ragreason.retrieval.bm25 import BM25
from ragreason.retrieval.build import build_index
from ragreason.retrieval.dense import Dense
from ragreason.retrieval.hybrid import Hybrid

QUERIES = ["word3 word14 shared", "shared word7", "word1"]


@pytest.fixture
async def index(tmp_path: Path, write: Callable[..., Path]) -> IndexFolder:
    records = [(f"T{i}", f"word{i} word{i * 7 % 20} shared " * (1 + i % 3)) for i in range(40)]
    path = write("r.jsonl", *records)
    await build_index([path], tmp_path / "index", embedder=HashingEmbedder(64))
    return open_index(tmp_path / "index")


@pytest.mark.parametrize("depth", [1, 5, 100])
async def test_agrees_with_fusion_by_hand(index: IndexFolder, depth: int) -> None:
    k, c = 4, 60.0
    embedder = HashingEmbedder(64)
    deep = max(depth, 2 * k)
    parts = [
        await BM25(index).retrieve(QUERIES, deep),
        await Dense(index, embedder).retrieve(QUERIES, deep),
    ]
    fused = await Hybrid(index, embedder, depth=depth, c=c).retrieve(QUERIES, k)
    rows = {key: row for row, key in enumerate(index.passages.ids)}
    for i, hits in enumerate(fused):
        scores: dict[str, float] = {}
        for part in parts:
            for hit in part[i]:
                scores[hit.passage.id] = scores.get(hit.passage.id, 0) + 1 / (c + hit.rank)
        expected = sorted(scores, key=lambda key: (-scores[key], rows[key]))[:k]
        assert [hit.passage.id for hit in hits] == expected
        assert [hit.score for hit in hits] == pytest.approx([scores[key] for key in expected])


async def test_one_embed_and_one_search_a_batch(
    index: IndexFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = HashingEmbedder(64)
    embed = Mock(side_effect=embedder._embed)
    search = Mock(side_effect=index.flat.search)
    monkeypatch.setattr(embedder, "_embed", embed)
    monkeypatch.setattr(index.flat, "search", search)
    await Hybrid(index, embedder).retrieve(QUERIES, 3)
    assert [len(call.args[0]) for call in embed.call_args_list] == [3]
    assert [len(call.args[0]) for call in search.call_args_list] == [3]
