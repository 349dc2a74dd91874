"""Embeddings by a sentence-transformers model, in PyTorch."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from threading import Lock
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from ragreason.embedding.folder import model_folder
from ragreason.embedding.hashing import unit_rows
from ragreason.protocols import EmbedKind, Floats

Precision = Literal["float32", "bfloat16", "float16"]


class SentenceTransformersEmbedder:
    """A sentence-transformers model on this machine: a catalogue name, or a folder with one.

    `name` is the same for every `device` and `precision`: vectors of one model mix, whatever
    computed them (docs/gpu.md says how far they are apart). The model itself is loaded by the first
    `embed`, and used by one thread at a time. Longer texts are cut at the model's own length.
    `device` None takes the fastest there is.
    """

    def __init__(
        self,
        model: str = "minilm",
        batch_size: Annotated[int, Field(ge=1)] = 32,
        device: str | None = None,
        precision: Precision = "float32",
    ) -> None:
        self._folder = model_folder(model)
        self._batch_size = batch_size
        self._device = device
        self._precision = precision
        self._model: Any = None
        self._lock = Lock()
        self.dim = self._folder.dim
        self.name = self._folder.name

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
                found = encode(
                    [texts[i] for i in filled],  # it sorts by length and batches itself
                    batch_size=self._batch_size,
                    show_progress_bar=False,
                    convert_to_tensor=True,
                )
                vectors[filled] = found.float().cpu().numpy()  # NumPy has no bfloat16
        return unit_rows(vectors)

    def _loaded(self) -> Any:
        if self._model is None:
            import torch
            from sentence_transformers import SentenceTransformer

            with _no_progress_bar():
                self._model = SentenceTransformer(
                    str(self._folder.path),
                    device=self._device,
                    local_files_only=True,
                ).to(dtype=getattr(torch, self._precision))
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
