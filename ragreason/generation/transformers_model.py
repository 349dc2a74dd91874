"""A model with all that is needed to run it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ragreason.generation.transformers_grammar import Grammars
from ragreason.generation.transformers_prompt import Prompts
from ragreason.generation.transformers_source import Source
from ragreason.models.loading import loading

_UNKNOWN_CONTEXT = 4096


@dataclass(frozen=True)
class Loaded:
    """`model` is a causal language model, a torch module; `prompts` uses its tokenizer."""

    model: Any
    tokenizer: Any
    prompts: Prompts

    @property
    def context(self) -> int:
        """In tokens, as the model's settings say."""
        own = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        return int(own or _UNKNOWN_CONTEXT)

    def grammars(self) -> Grammars:
        """Compiles constraints for its vocabulary."""
        return self._grammars

    @cached_property
    def _grammars(self) -> Grammars:
        vocabulary = self.model.config.get_text_config().vocab_size
        return Grammars(self.tokenizer, vocabulary, self.prompts.ends)


def in_memory(model: Any, tokenizer: Any) -> Loaded:
    """A model that the caller holds."""
    return Loaded(model, tokenizer, Prompts(tokenizer, _ends(model)))


def load(source: Source, device: str | None = None, dtype: str | None = None) -> Loaded:
    """Load tokenizer and weights. Raises ConfigError, with what transformers says."""
    import torch
    import transformers

    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    kind = dtype or ("float32" if device == "cpu" else "bfloat16")
    with loading(source.label or str(source.path)):
        tokenizer = transformers.AutoTokenizer.from_pretrained(source.folder, **source.options)
        model: Any = transformers.AutoModelForCausalLM.from_pretrained(
            source.folder, dtype=getattr(torch, kind), **source.options
        )
        return in_memory(model.eval().to(device), tokenizer)


def tokenizer_of(folder: str, *, local: bool) -> Any:
    """The tokenizer alone. Raises ConfigError."""
    import transformers

    options = Source(folder, local=local).options
    with loading(folder):
        return transformers.AutoTokenizer.from_pretrained(folder, **options)


def _ends(model: Any) -> Sequence[int]:
    """The tokens that end a reply, as the model's generation settings say."""
    own = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    if own is None:
        return ()
    return [int(own)] if isinstance(own, int) else [int(i) for i in own]
