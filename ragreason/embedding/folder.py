"""A sentence-transformers folder: what it says of itself, without loading it."""

import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from ragreason import models
from ragreason.errors import ConfigError

_POOLING = "1_Pooling/config.json"
_TOKENIZER = "tokenizer.json"
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_DESCRIBING = ("config.json", "modules.json", "sentence_bert_config.json", _POOLING, _TOKENIZER)
_PLAIN = ("Transformer", "Pooling", "Normalize")


@dataclass(frozen=True)
class ModelFolder:
    """Where a model lies. `name` identifies its bytes: the catalogue's name (one name, one set of
    bytes), or the folder's name and the beginning of its weights' SHA-256.
    """

    path: Path
    catalogued: str | None = None

    @cached_property
    def name(self) -> str:
        """What index manifests say of its vectors."""
        return self.catalogued or f"{self.path.resolve().name}@{self.weights_sha256[:12]}"

    @cached_property
    def dim(self) -> int:
        """Length of a vector. Raises ConfigError for a folder that is no such model."""
        try:
            return int(self._json(_POOLING)["word_embedding_dimension"])
        except (OSError, ValueError, KeyError) as error:
            raise ConfigError(
                f"{self.path} is no sentence-transformers model: {_POOLING} with "
                "'word_embedding_dimension' was expected; known: minilm, hashing, or such a folder"
            ) from error

    @cached_property
    def max_tokens(self) -> int:
        """The longest text, special tokens included; longer ones are cut."""
        return int(self._json("sentence_bert_config.json")["max_seq_length"])

    @property
    def tokenizer(self) -> Path:
        """The tokenizer's file."""
        return self.path / _TOKENIZER

    @cached_property
    def is_plain(self) -> bool:
        """Whether texts become vectors by tokenizer, encoder, pooling and normalising alone: no
        prompts before queries, no further layers.
        """
        try:
            kinds = [
                str(module["type"]).rsplit(".", 1)[-1] for module in self._json("modules.json")
            ]
            settings = self._json("config_sentence_transformers.json")
            said = self._json("sentence_bert_config.json")
        except (OSError, ValueError, KeyError, TypeError):
            return False
        prompts = [text for text in (settings.get("prompts") or {}).values() if text]
        plain = kinds[:2] == list(_PLAIN[:2]) and set(kinds) <= set(_PLAIN)
        whole = isinstance(said.get("max_seq_length"), int) and not said.get("do_lower_case")
        return plain and whole and not prompts and self.tokenizer.is_file()

    @cached_property
    def weights_sha256(self) -> str:
        """Of the weights' file. Raises ConfigError if there is none."""
        weights = next((self.path / w for w in _WEIGHTS if (self.path / w).is_file()), None)
        if weights is None:
            raise ConfigError(f"{self.path} has no weights: expected one of {', '.join(_WEIGHTS)}")
        pinned = dict(models.find(self.catalogued).sha256) if self.catalogued else {}
        return pinned.get(weights.name) or _sha256(weights)

    @cached_property
    def sha256(self) -> str:
        """Of all that determines its vectors."""
        files = [self.path / name for name in _DESCRIBING]
        parts = [_sha256(file) if file.is_file() else "" for file in files]
        return sha256(" ".join([self.weights_sha256, *parts]).encode()).hexdigest()

    def _json(self, name: str) -> Any:
        return json.loads((self.path / name).read_text(encoding="utf-8"))


def model_folder(model: str) -> ModelFolder:
    """The folder of a catalogue name, fetched first if it is not here, or the one at a path."""
    if model in models.known():
        return ModelFolder(models.path(model), model)
    return ModelFolder(Path(model).expanduser())


def _sha256(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
