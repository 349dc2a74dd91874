import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from ragreason.embedding.coalesce import CoalescingEmbedder, coalescing
from ragreason.embedding.hashing import HashingEmbedder
from ragreason.protocols import Embedder, EmbedKind, Floats

TEXTS = [f"text number {i}" for i in range(64)]


class Keeping(HashingEmbedder):
    """The hashing embedder, in which queries point the other way; keeps its calls."""

    def __init__(self) -> None:
        super().__init__(32)
        self.calls: list[tuple[list[str], EmbedKind]] = []

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        self.calls.append((list(texts), kind))
        if "boom" in texts:
            raise OSError("disk")
        vectors = await super().embed(texts, kind)
        return -vectors if kind == "query" else vectors


@pytest.mark.parametrize("batch", [1, 10, 64])
async def test_callers_at_once_get_their_own_vectors_in_few_calls(batch: int) -> None:
    inner = Keeping()
    embedder = CoalescingEmbedder(inner, batch)
    together = await asyncio.gather(*(embedder.embed([text], "query") for text in TEXTS))
    assert len(inner.calls) == -(-64 // batch)
    assert np.array_equal(np.concatenate(together), await inner.embed(TEXTS, "query"))


async def test_queries_and_passages_do_not_mix() -> None:
    inner = Keeping()
    embedder = CoalescingEmbedder(inner)
    query, passage = await asyncio.gather(
        embedder.embed(["a lake"], "query"), embedder.embed(["a lake"], "passage")
    )
    assert np.array_equal(query, -passage)
    assert inner.calls == [(["a lake"], "query"), (["a lake"], "passage")]


async def test_what_several_ask_for_is_embedded_once_and_is_everybodys_own() -> None:
    inner = Keeping()
    embedder = CoalescingEmbedder(inner)
    first, second = await asyncio.gather(
        embedder.embed(["b", "a", "b"], "query"), embedder.embed(["a"], "query")
    )
    assert inner.calls == [(["b", "a"], "query")]
    assert np.array_equal(first[1], second[0])
    first[:] = 0
    assert second.any()


async def test_a_text_that_fails_fails_its_caller_only() -> None:
    embedder = CoalescingEmbedder(Keeping())
    good, bad = await asyncio.gather(
        embedder.embed(["a"], "query"), embedder.embed(["boom"], "query"), return_exceptions=True
    )
    assert isinstance(bad, OSError)
    assert isinstance(good, np.ndarray)
    assert good.shape == (1, 32)


async def test_it_is_the_embedder_in_name_dimension_and_for_no_texts() -> None:
    embedder = CoalescingEmbedder(HashingEmbedder(16))
    assert isinstance(embedder, Embedder)
    assert (embedder.name, embedder.dim) == ("hashing-16", 16)
    assert (await embedder.embed([], "passage")).shape == (0, 16)


def test_what_coalesces_is_left_as_it_is() -> None:
    embedder = coalescing(HashingEmbedder(16))
    assert coalescing(embedder) is embedder
