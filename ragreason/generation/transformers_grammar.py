"""JSON schemas and regular expressions as masks over the vocabulary, by xgrammar where it is
installed (vLLM brings it along). It is no dependency: on Linux it takes Triton with it.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from ragreason.errors import ConfigError
from ragreason.types import Request


def installed() -> bool:
    """Whether constraints can be kept at all."""
    return find_spec("xgrammar") is not None


class Grammars:
    """Compiles constraints for one tokenizer; equal ones are compiled once."""

    def __init__(self, tokenizer: Any, vocabulary: int, ends: Iterable[int]) -> None:
        import xgrammar

        info = xgrammar.TokenizerInfo.from_huggingface(
            tokenizer, vocab_size=vocabulary, stop_token_ids=sorted(ends)
        )
        self._compiler = xgrammar.GrammarCompiler(info, max_threads=1)
        self._compiled = lru_cache(maxsize=256)(self._compile)

    def matcher(self, request: Request) -> Any:
        """What follows one reply, token by token; None for a request without a constraint."""
        import xgrammar

        for kind, text in (("json_schema", request.json_schema), ("regex", request.regex)):
            if text is not None:
                return xgrammar.GrammarMatcher(self._compiled(kind, text))
        return None

    def _compile(self, kind: str, text: str) -> Any:
        try:
            if kind == "regex":
                return self._compiler.compile_regex(text)
            return self._compiler.compile_json_schema(text, any_whitespace=False)
        except (RuntimeError, ValueError) as error:
            told = " ".join(str(error).split())[-200:]
            raise ConfigError(f"{kind} {text!r} is refused by xgrammar: {told}") from error


def masked(logits: Any, matchers: Sequence[Any]) -> Any:
    """`logits` (rows, vocabulary) without the tokens that a row's matcher does not allow."""
    bound = [row for row, matcher in enumerate(matchers) if matcher is not None]
    if not bound:
        return logits
    import xgrammar

    bits = xgrammar.allocate_token_bitmask(len(matchers), logits.shape[-1])
    for row in bound:
        matchers[row].fill_next_token_bitmask(bits, row)
    logits = logits.clone()
    xgrammar.apply_token_bitmask_inplace(logits, bits.to(logits.device), indices=bound)
    return logits
