"""Embeddings by vLLM's pooling runner: for large embedders on a GPU."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from ragreason.embedding.folder import model_folder
from ragreason.embedding.hashing import unit_rows
from ragreason.embedding.vllm_pooling import Pooling
from ragreason.errors import ConfigError
from ragreason.protocols import EmbedKind, Floats
from ragreason.settings import settings


class VLLMEmbedder:
    """A folder with an embedder that vLLM knows, or a catalogue name.

    `name` is that of the same folder run by sentence-transformers: their vectors mix. A folder's
    own prompts for queries and passages stand before the texts; longer texts are cut at the model's
    own length. `further` are arguments of vLLM's AsyncEngineArgs; None takes the settings'.
    """

    def __init__(self, model: str = "minilm", further: Mapping[str, Any] | None = None) -> None:
        given = settings().vllm_options if further is None else further
        found = model_folder(model)
        self._folder = found.path
        self._pooling = Pooling(found.path, "embed", given)
        self._tokenizing = Lock()  # tokenizers refuse a second thread
        self.dim = _dimension(found.path)
        self.name = found.name

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        """(texts, dim) float32 unit rows; zeros for a blank text."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        filled = [i for i, text in enumerate(texts) if text.strip()]
        if filled:
            before = self._prompts.get(kind, "")
            with self._tokenizing:
                ids = [self._ids(before + texts[i]) for i in filled]
            vectors[filled] = np.stack(await self._pooling.rows(ids))
        return unit_rows(vectors)

    def close(self) -> None:
        """End vLLM's processes."""
        self._pooling.close()

    def _ids(self, text: str) -> list[int]:
        tokenizer, longest = self._tokenizer
        return list(tokenizer(text, truncation=True, max_length=longest)["input_ids"])

    @cached_property
    def _tokenizer(self) -> tuple[Any, int]:
        import transformers

        tokenizer = transformers.AutoTokenizer.from_pretrained(
            self._folder, local_files_only=True, trust_remote_code=False
        )
        own = _read(self._folder / "sentence_bert_config.json").get("max_seq_length")
        return tokenizer, int(own or _read(self._folder / "config.json")["max_position_embeddings"])

    @cached_property
    def _prompts(self) -> dict[str, str]:
        """What stands before a text, by kind."""
        said = _read(self._folder / "config_sentence_transformers.json").get("prompts") or {}
        passage = said.get("document") or said.get("passage") or ""
        return {"query": said.get("query") or "", "passage": passage}


def _dimension(folder: Path) -> int:
    pooling = _read(folder / "1_Pooling" / "config.json").get("word_embedding_dimension")
    found = pooling or _read(folder / "config.json").get("hidden_size")
    if found is None:
        raise ConfigError(f"'{folder}' is no embedder: it has no config.json with 'hidden_size'")
    return int(found)


def _read(path: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}
