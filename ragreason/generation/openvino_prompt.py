"""Chat messages to token ids, with an OpenVINO tokenizer. Runs in the worker process.

Four traps of that tokenizer are handled here. It cuts texts at 8,192 tokens without saying so:
long texts go in by pieces. It takes special tokens inside message content for real ones: they are
broken in two before encoding, so the model reads exactly the characters and no control token. Some
chat templates add a system message of their own where none is given: those get an empty one. And
some open the thinking, which a reply that is begun for the model may open too.
"""

import re
from collections.abc import Sequence
from typing import Any

from ragreason.errors import EngineError
from ragreason.generation.chat_text import (
    Chat,
    joined,
    neutral,
    pattern_of,
    unused_mark,
    with_system,
)

_PIECE = 2000
"""Characters encoded at once: at most 4 bytes each, so always below the tokenizer's limit."""
_SPECIAL_LOOK = re.compile(r"<[^\s<>]+>|\[[^\s\[\]]+\]")
_ENDS = ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "</s>", "<end_of_turn>")


class Prompts:
    """Renders and encodes prompts, decodes tokens. `ends` are the ids that end a reply."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        special = _special_tokens(tokenizer)
        self._special = pattern_of(special)
        self.eos = int(tokenizer.get_eos_token_id())
        self.ends = frozenset({self.eos, *(special[end] for end in _ENDS if end in special)})
        self._takes_system = self._renders([("system", "s"), ("user", "u")])
        self._adds_system = self._takes_system and self._has_own_system()

    def encode(self, chat: Chat, prefill: str) -> list[int]:
        """Token ids of the chat, the beginning of the assistant's turn, and the prefill."""
        mark = unused_mark([prefill, *(content for _, content in chat)])
        safe = [(role, neutral(content, self._special, mark)) for role, content in chat]
        chat = with_system(safe, takes=self._takes_system, adds=self._adds_system)
        text = joined(self._render(chat), neutral(prefill, self._special, mark))
        return [i for piece in text.split(mark) for i in self._ids(piece)]

    def encode_text(self, text: str) -> list[int]:
        """Token ids of a bare text in which nothing is special."""
        mark = unused_mark([text])
        pieces = neutral(text, self._special, mark).split(mark)
        return [i for piece in pieces for i in self._ids(piece)]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of generated tokens, without special ones."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True)) if ids else ""

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = []
        while text:
            piece = text if len(text) <= _PIECE else text[: _cut(text)]
            text = text[len(piece) :]
            encoded = self._tokenizer.encode(piece, add_special_tokens=False)
            ids += encoded.input_ids.data[0].tolist()
        return ids

    def _render(self, chat: Chat) -> str:
        messages = [{"role": role, "content": content} for role, content in chat]
        try:
            rendered = self._tokenizer.apply_chat_template(messages, add_generation_prompt=True)
        except RuntimeError as error:
            roles = ", ".join(role for role, _ in chat)
            reason = str(error).strip().splitlines()[-1]
            raise EngineError(f"the chat template refuses the roles {roles}: {reason}") from error
        return str(rendered)

    def _renders(self, chat: Chat) -> bool:
        try:
            return all(content in self._render(chat) for _, content in chat)
        except EngineError:
            return False

    def _has_own_system(self) -> bool:
        bare = self._render([("user", "\ue000")])
        empty = self._render([("system", ""), ("user", "\ue000")])
        return len(bare) > len(empty)


def _special_tokens(tokenizer: Any) -> dict[str, int]:
    """Texts and ids of the tokens that decoding leaves out as special."""
    vocabulary = tokenizer.get_vocab()
    looks = {key.decode("utf-8", "replace"): int(i) for key, i in vocabulary.items()}
    candidates = [(text, i) for text, i in looks.items() if _SPECIAL_LOOK.fullmatch(text)]
    if not candidates:
        return {}
    decoded = tokenizer.decode([[i] for _, i in candidates], skip_special_tokens=True)
    return {text: i for (text, i), shown in zip(candidates, decoded, strict=True) if not shown}


def _cut(text: str) -> int:
    """Where to cut: before the last space of the first piece, where tokenizers cut too."""
    return (
        max(text.rfind(" ", 1, _PIECE), text.rfind("\n", 1, _PIECE)) if _has_gap(text) else _PIECE
    )


def _has_gap(text: str) -> bool:
    return any(gap in text[1:_PIECE] for gap in " \n")
