"""Reward models on this machine, through vLLM's pooling runner."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from ragreason.embedding.vllm_pooling import Pooling
from ragreason.errors import ConfigError
from ragreason.models.loading import loading
from ragreason.protocols import Floats
from ragreason.settings import settings
from ragreason.verification.calibration import log_odds
from ragreason.verification.metered import model_call
from ragreason.verification.reward_inputs import Input, InputMaker
from ragreason.verification.reward_text import Reading


@dataclass(frozen=True)
class VLLMReward:
    """A classifier in a folder, of whole texts or, with `make.token`, of tokens.

    vLLM starts at the first call and batches the readings, equal beginnings read once where the
    model reads from left to right. `further` are arguments of vLLM's AsyncEngineArgs; None takes
    the settings'.
    """

    folder: Path
    make: InputMaker
    right: int = -1
    further: Mapping[str, Any] | None = None
    _pooling: list[Pooling] = field(default_factory=list, init=False, repr=False, compare=False)
    _tokenizer: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)
    _lock: Any = field(default_factory=Lock, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raises ConfigError where vLLM is not installed."""
        given = settings().vllm_options if self.further is None else self.further
        task: Any = "token_classify" if self.make.token else "classify"
        self._pooling.append(Pooling(self.folder, task, given))

    async def log_odds(self, readings: Sequence[Reading]) -> list[float]:
        """One for each reading, in order."""
        with model_call() as read:
            inputs = await asyncio.to_thread(self._inputs, readings)
            rows = await self._pooling[0].rows([given.ids for given in inputs])
            read(sum(len(given.ids) for given in inputs))
        return [self._odds(row, given) for row, given in zip(rows, inputs, strict=True)]

    def close(self) -> None:
        """End vLLM's processes."""
        self._pooling[0].close()

    def _inputs(self, readings: Sequence[Reading]) -> list[Input]:
        with self._lock:  # tokenizers refuse a second thread
            if not self._tokenizer:
                self._tokenizer.append(self._load())
            return [self.make(self._tokenizer[0], reading) for reading in readings]

    def _load(self) -> Any:
        import transformers

        with loading(self.folder):
            return transformers.AutoTokenizer.from_pretrained(
                self.folder, local_files_only=True, trust_remote_code=False
            )

    def _odds(self, row: Floats, given: Input) -> float:
        """`row`: (classes,), by token (tokens, classes)."""
        logits = row[given.at] if self.make.token else row
        try:
            return log_odds([float(z) for z in logits.reshape(-1)], self.right)
        except IndexError:
            raise ConfigError(
                f"the model in '{self.folder}' has {logits.size} classes; right: {self.right} is "
                "none of them"
            ) from None
