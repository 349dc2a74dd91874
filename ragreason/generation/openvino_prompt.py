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

Chat = Sequence[tuple[str, str]]
"""(role, content) pairs."""

_THINK = "<think>"
_PIECE = 2000
"""Characters encoded at once: at most 4 bytes each, so always below the tokenizer's limit."""
_SPECIAL_LOOK = re.compile(r"<[^\s<>]+>|\[[^\s\[\]]+\]")
_ENDS = ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "</s>", "<end_of_turn>")
_MARKS = [chr(code) for code in range(0xE000, 0xF8FF)]


class Prompts:
    """Renders and encodes prompts, decodes tokens. `ends` are the ids that end a reply."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        special = _special_tokens(tokenizer)
        longest_first = sorted(map(re.escape, special), key=len, reverse=True)
        self._special = re.compile("|".join(longest_first)) if special else None
        self.eos = int(tokenizer.get_eos_token_id())
        self.ends = frozenset({self.eos, *(special[end] for end in _ENDS if end in special)})
        self._takes_system = self._renders([("system", "s"), ("user", "u")])
        self._adds_system = self._takes_system and self._has_own_system()

    def encode(self, chat: Chat, prefill: str) -> list[int]:
        """Token ids of the chat, the beginning of the assistant's turn, and the prefill."""
        mark = _unused_mark([prefill, *(content for _, content in chat)])
        neutral = [(role, self._neutral(content, mark)) for role, content in chat]
        text = _joined(self._render(self._with_system(neutral)), self._neutral(prefill, mark))
        return [i for piece in text.split(mark) for i in self._ids(piece)]

    def encode_text(self, text: str) -> list[int]:
        """Token ids of a bare text in which nothing is special."""
        mark = _unused_mark([text])
        return [i for piece in self._neutral(text, mark).split(mark) for i in self._ids(piece)]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of generated tokens, without special ones."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True)) if ids else ""

    def _neutral(self, text: str, mark: str) -> str:
        """`text` with `mark` behind the first character of every special token in it."""
        if self._special is None:
            return text
        done, position = [], 0
        while found := self._special.search(text, position):
            done.append(text[position : found.start() + 1])
            position = found.start() + 1
        return mark.join([*done, text[position:]])

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = []
        while text:
            piece = text if len(text) <= _PIECE else text[: _cut(text)]
            text = text[len(piece) :]
            encoded = self._tokenizer.encode(piece, add_special_tokens=False)
            ids += encoded.input_ids.data[0].tolist()
        return ids

    def _with_system(self, chat: Chat) -> Chat:
        given = bool(chat) and chat[0][0] == "system"
        if not given:
            return [("system", ""), *chat] if self._adds_system else chat
        if self._takes_system:
            return chat
        (_, system), *rest = chat
        if rest and rest[0][0] == "user":
            return [("user", f"{system}\n\n{rest[0][1]}"), *rest[1:]]
        return [("user", system), *rest]

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


def _joined(rendered: str, prefill: str) -> str:
    """The prompt and the reply begun for the model; thinking is opened once where both open it."""
    if prefill.startswith(_THINK) and rendered.rstrip().endswith(_THINK):
        rendered = rendered.rstrip().removesuffix(_THINK)
    return rendered + prefill


def _special_tokens(tokenizer: Any) -> dict[str, int]:
    """Texts and ids of the tokens that decoding leaves out as special."""
    vocabulary = tokenizer.get_vocab()
    looks = {key.decode("utf-8", "replace"): int(i) for key, i in vocabulary.items()}
    candidates = [(text, i) for text, i in looks.items() if _SPECIAL_LOOK.fullmatch(text)]
    if not candidates:
        return {}
    decoded = tokenizer.decode([[i] for _, i in candidates], skip_special_tokens=True)
    return {text: i for (text, i), shown in zip(candidates, decoded, strict=True) if not shown}


def _unused_mark(texts: Sequence[str]) -> str:
    """A private-use character that occurs in none of the texts."""
    used = set().union(*map(set, texts))
    return next(mark for mark in _MARKS if mark not in used)


def _cut(text: str) -> int:
    """Where to cut: before the last space of the first piece, where tokenizers cut too."""
    return (
        max(text.rfind(" ", 1, _PIECE), text.rfind("\n", 1, _PIECE)) if _has_gap(text) else _PIECE
    )


def _has_gap(text: str) -> bool:
    return any(gap in text[1:_PIECE] for gap in " \n")
