"""Embedders by name."""

from pathlib import Path
from typing import cast

from ragreason import registry
from ragreason.embedding.hashing import HashingEmbedder
from ragreason.embedding.local import LocalEmbedder
from ragreason.errors import ConfigError
from ragreason.protocols import Embedder

_LEAST_DIM, _MOST_DIM = 8, 65536


def open_embedder(name: str) -> Embedder:
    """The embedder that `name` means: a registered name, `hashing-DIM`, a model's folder, or
    `vllm:MODEL`.

    Raises UnknownNameError with the known names, ConfigError for a dimension out of range.
    """
    kind, _, dim = name.partition("-")
    if kind == "hashing" and dim.isdecimal():
        if not _LEAST_DIM <= int(dim) <= _MOST_DIM:
            raise ConfigError(
                f"embedder '{name}': {dim} dimensions, expected {_LEAST_DIM} to {_MOST_DIM}"
            )
        return HashingEmbedder(int(dim))
    if name.startswith("vllm:"):
        from ragreason.embedding.vllm import VLLMEmbedder

        return VLLMEmbedder(name.removeprefix("vllm:"))
    if name not in registry.known("embedders") and ("/" in name or Path(name).is_dir()):
        return LocalEmbedder(name)
    return cast(Embedder, registry.load("embedders", name)())
