"""A sentence-transformers model, run by the fastest that this machine has."""

from collections.abc import Sequence

from ragreason.embedding.device import resolved
from ragreason.embedding.folder import model_folder
from ragreason.embedding.openvino import OpenVINOEmbedder, runs_here
from ragreason.embedding.sentence_transformers import SentenceTransformersEmbedder
from ragreason.protocols import Embedder, EmbedKind, Floats
from ragreason.settings import settings

_GPU_BATCH = 256


class LocalEmbedder:
    """A model by catalogue name or folder: on a GPU in bfloat16, on a CPU by OpenVINO, else by
    sentence-transformers in float32.

    `device` None is the setting `retrieval_device`. Vectors of all three mix: see
    SentenceTransformersEmbedder.
    """

    def __init__(self, model: str = "minilm", device: str | None = None) -> None:
        self._runs = _fastest(model, resolved(device or settings().retrieval_device))
        self.name = self._runs.name
        self.dim = self._runs.dim

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        """(texts, dim) float32 unit rows; zeros for a blank text. Runs in a thread."""
        return await self._runs.embed(texts, kind)


def _fastest(model: str, device: str) -> Embedder:
    if device == "cpu" and runs_here(model_folder(model)):
        return OpenVINOEmbedder(model)
    if device.startswith("cuda"):
        return SentenceTransformersEmbedder(model, _GPU_BATCH, device, "bfloat16")
    return SentenceTransformersEmbedder(model, device=device)
