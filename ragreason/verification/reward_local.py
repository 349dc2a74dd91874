"""Reward models on this machine, through transformers."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from ragreason.errors import ConfigError, ContextOverflowError
from ragreason.models.loading import loading
from ragreason.verification.calibration import log_odds
from ragreason.verification.metered import model_call
from ragreason.verification.reward_inputs import Ids, Input, InputMaker, carriers
from ragreason.verification.reward_text import Reading


@dataclass(frozen=True)
class LocalReward:
    """A reward model in a folder. `labels` None: a classifier, of whole texts or, with `token`, of
    tokens; else a causal language model whose next-token probabilities at the end of a step are
    compared for the two labels, the good one first.

    The model is loaded by the first call, and used by one thread at a time. Texts are put into
    padded batches of like length. One that only begins another, as the steps of one trajectory do,
    is scored in the same pass where the model reads from left to right; nothing is kept from one
    call to the next, so a step that is scored in a later call has the steps before it read again.
    """

    folder: Path
    make: InputMaker
    labels: tuple[str, str] | None = None
    right: int = -1
    batch_size: int = 16
    device: str | None = None
    _loaded: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)
    _lock: Any = field(default_factory=Lock, init=False, repr=False, compare=False)

    async def log_odds(self, readings: Sequence[Reading]) -> list[float]:
        """One for each reading, in order. Runs in a thread."""
        with model_call() as read:
            found, tokens = await asyncio.to_thread(self._log_odds, readings)
            read(tokens)
        return found

    def _log_odds(self, readings: Sequence[Reading]) -> tuple[list[float], int]:
        with self._lock:  # tokenizers refuse a second thread
            tokenizer, model = self._model()
            inputs = [self.make(tokenizer, reading) for reading in readings]
            self._check_length(inputs, tokenizer, model)
            shared = carriers(inputs, share=self.make.token and _reads_rightwards(model))
            rows = self._rows(model, tokenizer, inputs, shared)
        odds = [self._odds(rows[place]) for place in range(len(inputs))]
        return odds, sum(len(inputs[carrier].ids) for carrier in shared)

    def _odds(self, logits: list[float]) -> float:
        right = 0 if self.labels else self.right
        try:
            return log_odds(logits, right)
        except IndexError:
            message = f"the model in '{self.folder}' has {len(logits)} classes; right: {right}"
            raise ConfigError(f"{message} is none of them") from None

    def _model(self) -> tuple[Any, Any]:
        if not self._loaded:
            with loading(self.folder):
                self._loaded.extend(self._load())
        tokenizer, model = self._loaded
        return tokenizer, model

    def _load(self) -> tuple[Any, Any]:
        import torch
        import transformers

        kind: Any = transformers.AutoModelForSequenceClassification
        if self.make.token:
            kind = transformers.AutoModelForTokenClassification
        if self.labels:
            kind = transformers.AutoModelForCausalLM
        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        tokenizer = transformers.AutoTokenizer.from_pretrained(self.folder, **options)
        model, info = kind.from_pretrained(
            self.folder, use_safetensors=True, output_loading_info=True, **options
        )
        if info["missing_keys"]:
            lacking = ", ".join(sorted(info["missing_keys"])[:3])
            raise ConfigError(
                f"'{self.folder}' has no weights for {lacking}; a {type(model).__name__} was "
                "expected: are `by` and `labels` right?"
            )
        device = self.device or ("cuda" if torch.cuda.is_available() else "cpu")
        return tokenizer, model.eval().to(device)

    def _check_length(self, inputs: Sequence[Input], tokenizer: Any, model: Any) -> None:
        positions = getattr(model.config, "max_position_embeddings", None)
        limit = min(positions or tokenizer.model_max_length, tokenizer.model_max_length)
        longest = max((len(given.ids) for given in inputs), default=0)
        if longest > limit:
            raise ContextOverflowError(longest, limit)

    def _rows(
        self, model: Any, tokenizer: Any, inputs: Sequence[Input], shared: dict[int, list[int]]
    ) -> dict[int, list[float]]:
        """Each input's logits, by its place: of its classes, or of the two labels."""
        labels = [self.make.last_id(tokenizer, label) for label in self.labels or ()]
        if len(labels) != len(set(labels)):
            raise ConfigError(f"the tokenizer in '{self.folder}' can't tell the labels apart")
        pad = tokenizer.pad_token_id
        if not self.make.token and model.config.pad_token_id is None:
            model.config.pad_token_id = pad  # by which the last token of a text is found
        size = 1 if pad is None and not self.make.token else self.batch_size
        found: dict[int, list[float]] = {}
        for batch in _batches(list(shared), inputs, size):
            places = sorted({inputs[place].at for carrier in batch for place in shared[carrier]})
            logits = _forward(
                model, [inputs[c].ids for c in batch], pad or 0, places if labels else []
            )
            for row, carrier in enumerate(batch):
                for place in shared[carrier]:
                    at = inputs[place].at
                    at = places.index(at) if labels else at
                    chosen = logits[row, at] if self.make.token else logits[row]
                    found[place] = [float(z) for z in (chosen[labels] if labels else chosen)]
        return found


def _batches(
    carriers: Sequence[int], inputs: Sequence[Input], size: int
) -> Iterator[Sequence[int]]:
    order = sorted(carriers, key=lambda place: -len(inputs[place].ids))
    for first in range(0, len(order), size):
        yield order[first : first + size]


def _forward(model: Any, batch: Sequence[Ids], pad: int, places: Sequence[int]) -> Any:
    """The model's logits as float32: (batch, classes) of whole texts, (batch, tokens, classes) of
    tokens; of the vocabulary at `places` only, (batch, places, vocabulary).
    """
    import torch

    longest = max(map(len, batch))
    ids = torch.full((len(batch), longest), pad)  # (batch, tokens), padded on the right
    mask = torch.zeros_like(ids)
    for row, given in enumerate(batch):
        ids[row, : len(given)] = torch.tensor(given)
        mask[row, : len(given)] = 1
    given_ids = {"input_ids": ids.to(model.device), "attention_mask": mask.to(model.device)}
    if places:
        given_ids["logits_to_keep"] = torch.tensor(places, device=model.device)
    with torch.inference_mode():
        return model(**given_ids).logits.float().cpu()


def _reads_rightwards(model: Any) -> bool:
    """Whether a token's logits depend on nothing behind it: all of its attention says so."""
    found = [m.is_causal for m in model.modules() if hasattr(m, "is_causal")]
    return bool(found) and all(found)
