"""An embedder that needs no model: for tests, and where nothing can be downloaded."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from typing import Annotated
from zlib import crc32

import numpy as np
from pydantic import Field

from ragreason.protocols import EmbedKind, Floats
from ragreason.text.language import HAN

_WORDS = re.compile(r"\w+")
_HAN = re.compile(f"[{HAN}]+")
_WORD_WEIGHT = 2.0


class HashingEmbedder:
    """Words and trigrams hashed into signed buckets: texts that share them are close.

    Of Chinese, the pairs of neighbouring characters stand for words. Deterministic over runs and
    machines. `name` holds the dimension: other dimensions don't mix.
    """

    def __init__(self, dim: Annotated[int, Field(ge=8, le=65536)] = 512) -> None:
        self.dim = dim
        self.name = f"hashing-{dim}"

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        """(texts, dim) float32 unit rows; zeros for a text without letters and digits."""
        del kind  # queries and passages look the same to it
        return await asyncio.to_thread(self._embed, list(texts))

    def _embed(self, texts: list[str]) -> Floats:
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for feature, weight in _features(text):
                code = crc32(feature.encode("utf-8", "surrogatepass"))
                row[(code >> 1) % self.dim] += weight if code & 1 else -weight
        return unit_rows(vectors)


def unit_rows(vectors: Floats) -> Floats:
    """Rows scaled to length 1; rows of zeros stay."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)  # (texts, 1)
    scaled: Floats = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return scaled


def _features(text: str) -> Iterator[tuple[str, float]]:
    for word in _WORDS.findall(text.casefold()):
        yield word, _WORD_WEIGHT
        for run in _HAN.findall(word):  # no spaces part its words: all pairs stand for them
            yield from ((run[i : i + 2], _WORD_WEIGHT) for i in range(len(run)))
        padded = f"<{word}>"
        for i in range(len(padded) - 2):
            yield padded[i : i + 3], 1.0
