"""Embedders by name."""

from pathlib import Path
from typing import cast

from ragreason import registry
from ragreason.embedding.hashing import HashingEmbedder
from ragreason.embedding.sentence_transformers import SentenceTransformersEmbedder
from ragreason.protocols import Embedder


def open_embedder(name: str) -> Embedder:
    """The embedder that `name` means: a registered name, `hashing-DIM`, or a model's folder.

    Raises UnknownNameError with the known names.
    """
    kind, _, dim = name.partition("-")
    if kind == "hashing" and dim.isdecimal():
        return HashingEmbedder(int(dim))
    if name not in registry.known("embedders") and ("/" in name or Path(name).is_dir()):
        return SentenceTransformersEmbedder(name)
    return cast(Embedder, registry.load("embedders", name)())
