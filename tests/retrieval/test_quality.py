"""Both searches together find more than either alone, on real questions."""

import json
from pathlib import Path

import pytest

from ragreason.corpus import paragraph_passage
from ragreason.embedding.open import open_embedder
from ragreason.retrieval.build import build_index
from ragreason.retrieval.open import open_retriever

pytestmark = [pytest.mark.data, pytest.mark.model]


async def test_hybrid_finds_all_support_more_often_than_either_part(
    data: Path, tmp_path: Path
) -> None:
    path = data / "hotpotqa/train_sample.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    embedder = open_embedder("minilm")
    await build_index([path], tmp_path / "index", embedder=embedder)
    share = {}
    for kind in ("bm25", "dense", "hybrid"):
        retriever = open_retriever(tmp_path / "index", kind, embedder=embedder)
        found = await retriever.retrieve([row["question"] for row in rows], 5)
        share[kind] = sum(
            _support(row) <= {hit.passage.id for hit in hits}
            for row, hits in zip(rows, found, strict=True)
        ) / len(rows)
    assert share["hybrid"] >= 0.62
    assert share["hybrid"] > max(share["bm25"], share["dense"])


def _support(row: dict[str, list[list[str]]]) -> set[str]:
    titles = {title for title, _ in row["supporting_facts"]}
    return {paragraph_passage(t, s).id for t, s in row["context"] if t in titles}
