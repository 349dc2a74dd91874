"""Cross-encoders: models that read two texts at once."""

import asyncio
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import numpy as np

from ragreason.errors import ConfigError
from ragreason.models.loading import loading
from ragreason.protocols import Floats
from ragreason.text.passages import mended
from ragreason.verification.metered import model_call
from ragreason.verification.model_folder import model_folder, read_config

Pair = tuple[str, str]


class CrossEncoder:
    """A sequence classifier of text pairs on this machine, through sentence-transformers.

    `name` is a folder or a catalogue name (`model_folder` says which folders will do). The model is
    loaded by the first call, and used by one thread at a time. Of a pair that is too long for it
    the longer text is cut. `labels` are the classes' names in the order of the logits, from the
    model's own configuration.
    """

    def __init__(self, name: str, *, batch_size: int = 32, device: str | None = None) -> None:
        """Raises ConfigError for a folder that holds no such model."""
        self.folder = model_folder(name)
        self.labels = _labels(read_config(self.folder), name)
        self._batch_size = batch_size
        self._device = device
        self._model: Any = None
        self._lock = Lock()

    async def logits(self, pairs: Sequence[Pair]) -> Floats:
        """(pairs, labels) float32, in order; each distinct pair is read once. Runs in a thread."""
        distinct = list(dict.fromkeys((mended(one), mended(other)) for one, other in pairs))
        if not distinct:
            return np.zeros((0, len(self.labels)), dtype=np.float32)
        with model_call() as read:
            found, tokens = await asyncio.to_thread(self._logits, distinct)
            read(tokens)
        rows = {pair: row for row, pair in enumerate(distinct)}
        return found[[rows[mended(one), mended(other)] for one, other in pairs]]

    def _logits(self, pairs: list[Pair]) -> tuple[Floats, int]:
        import torch

        with self._lock:  # tokenizers refuse a second thread
            model = self._loaded()
            found = model.predict(  # it sorts by length and batches itself
                pairs,
                batch_size=self._batch_size,
                activation_fn=torch.nn.Identity(),
                show_progress_bar=False,
                convert_to_numpy=True,
            )
            tokens = sum(len(ids) for ids in model.tokenizer(pairs, truncation=True)["input_ids"])
        return np.asarray(found, dtype=np.float32).reshape(len(pairs), -1), tokens

    def _loaded(self) -> Any:
        if self._model is None:
            from sentence_transformers import CrossEncoder as Model

            with loading(self.folder):
                self._model = Model(
                    str(self.folder),
                    device=self._device,
                    local_files_only=True,
                    trust_remote_code=False,
                    model_kwargs={"use_safetensors": True},
                )
        return self._model


def _labels(config: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The classes' names, in order. Raises ConfigError for a model without a classifier: it would
    get a random one.
    """
    kinds = [str(kind) for kind in config.get("architectures") or ()]
    if not any(kind.endswith("ForSequenceClassification") for kind in kinds):
        found = " or ".join(kinds) or "model of an unknown kind"
        raise ConfigError(f"'{name}' is a {found}; expected a ...ForSequenceClassification")
    named = config.get("id2label") or {str(i): f"LABEL_{i}" for i in range(2)}
    return tuple(str(named[key]) for key in sorted(named, key=int))
