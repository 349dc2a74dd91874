from collections.abc import Sequence

import numpy as np

from ragreason.embedding.batches import embed_passages
from ragreason.embedding.hashing import HashingEmbedder
from ragreason.protocols import EmbedKind, Floats


class Watched(HashingEmbedder):
    def __init__(self) -> None:
        super().__init__(16)
        self.batches: list[list[int]] = []

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        assert kind == "passage"
        self.batches.append([len(text) for text in texts])
        return await super().embed(texts, kind)


async def test_order_is_kept_while_batches_go_from_long_to_short() -> None:
    texts = [f"word{i} " * (i % 37) for i in range(600)]
    embedder, seen = Watched(), list[tuple[int, int]]()
    vectors = await embed_passages(embedder, texts, lambda done, total: seen.append((done, total)))
    assert np.array_equal(vectors, await HashingEmbedder(16).embed(texts, "passage"))
    lengths = [length for batch in embedder.batches for length in batch]
    assert lengths == sorted(lengths, reverse=True)
    assert seen == [(256, 600), (512, 600), (600, 600)]


async def test_nothing_to_embed_asks_nothing() -> None:
    embedder = Watched()
    assert (await embed_passages(embedder, [])).shape == (0, 16)
    assert embedder.batches == []
