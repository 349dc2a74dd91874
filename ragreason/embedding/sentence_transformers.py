"""Embeddings by a sentence-transformers model."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from importlib import import_module
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
    and used by one thread at a time. Longer texts are cut at the model's own length. `device` None
    takes the fastest there is.
    """

    def __init__(
        self,
        model: str = "minilm",
        batch_size: Annotated[int, Field(ge=1)] = 32,
        device: str | None = None,
    ) -> None:
        in_catalogue = model in models.known()
        self._folder = models.path(model) if in_catalogue else Path(model).expanduser()
        self._batch_size = batch_size
        self._device = device
        self._model: Any = None
        self._lock = Lock()
        self.dim = _dimension(self._folder)
        self.name = model if in_catalogue else _own_name(self._folder)

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

            with _no_progress_bar():
                self._model = SentenceTransformer(
                    str(self._folder), device=self._device, local_files_only=True
                )
        return self._model


@contextmanager
def _no_progress_bar() -> Iterator[None]:
    """Weights are loaded without the bar that transformers would draw for them."""
    logging: Any = import_module("transformers.utils.logging")
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _own_name(folder: Path) -> str:
    return f"{folder.resolve().name}@{_fingerprint(folder)}"


def _dimension(folder: Path) -> int:
    try:
        pooling = json.loads((folder / _POOLING).read_text(encoding="utf-8"))
        return int(pooling["word_embedding_dimension"])
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(
            f"{folder} is no sentence-transformers model: {_POOLING} with "
            "'word_embedding_dimension' was expected; known: minilm, hashing, or such a folder"
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
