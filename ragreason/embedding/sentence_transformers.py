"""Embeddings by a sentence-transformers model."""

import asyncio
import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from ragreason import models
from ragreason.embedding.hashing import unit_rows
from ragreason.errors import ConfigError
from ragreason.protocols import EmbedKind, Floats

_POOLING = Path("1_Pooling/config.json")
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")


class SentenceTransformersEmbedder:
    """A sentence-transformers model on this machine: a catalogue name, or a folder with one.

    `name` identifies the bytes: the catalogue's name (one name, one set of bytes), or the folder's
    name and the beginning of its weights' SHA-256. The model itself is loaded by the first `embed`,
    and used by one thread at a time. Longer texts are cut at the model's own length.
    """

    def __init__(self, model: str = "minilm", batch_size: Annotated[int, Field(ge=1)] = 32) -> None:
        given = Path(model).expanduser()
        self._folder = given if given.is_dir() else Path(models.path(model))
        self._batch_size = batch_size
        self._model: Any = None
        self._lock = Lock()
        self.dim = _dimension(self._folder)
        self.name = f"{given.resolve().name}@{_fingerprint(given)}" if given.is_dir() else model

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        """(texts, dim) float32 unit rows; zeros for a blank text. Runs in a thread."""
        return await asyncio.to_thread(self._embed, list(texts), kind)

    def _embed(self, texts: list[str], kind: EmbedKind) -> Floats:
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        filled = [i for i, text in enumerate(texts) if text.strip()]
        if filled:
            with self._lock:  # tokenizers refuse a second thread
                model = self._loaded()
                encode = model.encode_query if kind == "query" else model.encode_document
                vectors[filled] = encode(
                    [texts[i] for i in filled],  # it sorts by length and batches itself
                    batch_size=self._batch_size,
                    show_progress_bar=False,
                    convert_to_numpy=True,
                )
        return unit_rows(vectors)

    def _loaded(self) -> Any:
        if self._model is None:
            from sentence_transformers import SentenceTransformer

            self._model = SentenceTransformer(
                str(self._folder), local_files_only=True, trust_remote_code=False
            )
        return self._model


def _dimension(folder: Path) -> int:
    try:
        pooling = json.loads((folder / _POOLING).read_text(encoding="utf-8"))
        return int(pooling["word_embedding_dimension"])
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(
            f"{folder} is no sentence-transformers model: {_POOLING} with "
            "'word_embedding_dimension' was expected; see `ragreason models list`"
        ) from error


def _fingerprint(folder: Path) -> str:
    weights = next((folder / w for w in _WEIGHTS if (folder / w).is_file()), None)
    if weights is None:
        raise ConfigError(f"{folder} has no weights: expected one of {', '.join(_WEIGHTS)}")
    digest = sha256()
    with weights.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:12]
