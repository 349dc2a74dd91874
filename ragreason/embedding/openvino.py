"""Embeddings by a sentence-transformers model, in OpenVINO: the fastest on a CPU."""

import asyncio
import os
from collections.abc import Sequence
from importlib.util import find_spec
from threading import Lock
from typing import Any, Literal

import numpy as np

from ragreason.embedding.convert import converted, openvino
from ragreason.embedding.folder import ModelFolder, model_folder
from ragreason.embedding.hashing import unit_rows
from ragreason.errors import ConfigError
from ragreason.protocols import EmbedKind, Floats

Precision = Literal["auto", "float32", "bfloat16"]
_HINTS = {"float32": "f32", "bfloat16": "bf16"}


class OpenVINOEmbedder:
    """A sentence-transformers model without prompts, in the CPU's own bfloat16 where it has that.

    Each text is a request of its own, at its own length, as many at once as there are cores, one
    core each: nothing is spent on padding or on cores waiting for each other, and a text's vector
    is the same bit for bit whatever it is embedded with. Texts are tokenised, cut, pooled and
    normalised as sentence-transformers does. The model is converted once a machine, and loaded by
    the first `embed`. `name` is that of the model: see SentenceTransformersEmbedder.
    """

    def __init__(self, model: str = "minilm", precision: Precision = "auto") -> None:
        self._folder = model_folder(model)
        self.dim = self._folder.dim
        self.name = self._folder.name
        if not self._folder.is_plain:
            raise ConfigError(
                f"{self._folder.path}: has prompts or layers that only sentence-transformers runs; "
                "give the folder as --embedder, which takes that"
            )
        self._precision = precision
        self._session: _Session | None = None
        self._lock = Lock()

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        """(texts, dim) float32 unit rows; zeros for a blank text. Runs in a thread."""
        del kind  # no prompts: queries and passages look the same to it
        return await asyncio.to_thread(self._embed, list(texts))

    def _embed(self, texts: list[str]) -> Floats:
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        filled = [i for i, text in enumerate(texts) if text.strip()]
        if filled:
            with self._lock:
                if self._session is None:
                    self._session = _Session(self._folder, self._precision)
                self._session.embed(texts, filled, vectors)
        return unit_rows(vectors)


class _Session:
    """A loaded model with a request for each core."""

    def __init__(self, folder: ModelFolder, precision: Precision) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder.tokenizer))
        self._tokenizer.enable_truncation(folder.max_tokens)
        self._tokenizer.no_padding()
        library = openvino()
        core = library.Core()
        if precision == "auto":
            able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
            precision = "bfloat16" if "BF16" in able else "float32"
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        options = {
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            "NUM_STREAMS": cores,
            "INFERENCE_NUM_THREADS": cores,
        }
        compiled = core.compile_model(str(converted(folder)), "CPU", options)
        self._requests: Any = library.AsyncInferQueue(compiled, cores)

    def embed(self, texts: Sequence[str], rows: Sequence[int], into: Floats) -> None:
        """Write the vectors of the texts at `rows` into those rows."""

        def keep(request: Any, row: int) -> None:
            into[row] = request.get_output_tensor(0).data[0]

        self._requests.set_callback(keep)
        try:
            for row in sorted(rows, key=lambda i: -len(texts[i])):  # the short ones fill the end
                ids = np.array([self._tokenizer.encode(texts[row]).ids], dtype=np.int64)
                self._requests.start_async([ids, np.ones_like(ids)], row)  # (1, tokens) each
        finally:
            self._requests.wait_all()


def runs_here(folder: ModelFolder) -> bool:
    """Whether OpenVINO is installed and can run this model."""
    return find_spec("openvino") is not None and folder.is_plain
