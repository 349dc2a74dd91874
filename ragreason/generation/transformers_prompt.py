"""Requests to token ids and back, with a Hugging Face tokenizer."""

import json
import threading
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
from ragreason.generation.text import prompt_text
from ragreason.types import Message, Request, ToolSpec

_ENDS = ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "</s>", "<end_of_turn>")
_BETWEEN = "\n\n"
"""What stands between messages where a tokenizer has no chat template."""


class Prompts:
    """Renders and encodes prompts, decodes tokens; one thread at a time. `ends`: the ids that end a
    reply.

    Prompts are the chat template's rendering of the messages and nothing else: where it would add a
    system message of its own, an empty one takes its place. Special tokens in contents are read as
    plain characters. A tokenizer without a chat template gets the contents, a blank line between.
    """

    def __init__(self, tokenizer: Any, ends: Sequence[int] = ()) -> None:
        self._tokenizer = tokenizer
        self._lock = threading.RLock()  # tokenizers refuse a second thread
        added = tokenizer.added_tokens_decoder
        special = {token.content: i for i, token in added.items() if token.special}
        self._special = pattern_of({*special, *tokenizer.all_special_tokens})
        own = [special[end] for end in _ENDS if end in special]
        eos = [] if tokenizer.eos_token_id is None else [int(tokenizer.eos_token_id)]
        self.ends = frozenset({*eos, *own, *ends})
        self._takes_system = self._keeps([("system", "s"), ("user", "u")])
        self._adds_system = self._takes_system and self._has_own_system()

    def encode(self, request: Request) -> list[int]:
        """Token ids of the messages, the beginning of the assistant's turn, and the prefill."""
        mark = unused_mark([prompt_text(request)])
        prefill = neutral(request.prefill, self._special, mark)
        with self._lock:
            if self._tokenizer.chat_template is None:
                said = [neutral(m.content, self._special, mark) for m in request.messages]
                return self._begin() + self._encoded(_BETWEEN.join([*said, prefill]), mark)
            rendered = self._render(self._messages(request.messages, mark), request.tools)
            return self._encoded(joined(rendered, prefill), mark)

    def encode_text(self, text: str) -> list[int]:
        """Token ids of a bare text in which nothing is special."""
        mark = unused_mark([text])
        with self._lock:
            return self._encoded(neutral(text, self._special, mark), mark)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of generated tokens, without special ones."""
        if not ids:
            return ""
        with self._lock:
            return str(
                self._tokenizer.decode(
                    list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
                )
            )

    def _encoded(self, text: str, mark: str) -> list[int]:
        pieces = filter(None, text.split(mark))
        options = {"add_special_tokens": False, "verbose": False}  # lengths are checked later
        return [int(i) for piece in pieces for i in self._tokenizer(piece, **options)["input_ids"]]

    def _begin(self) -> list[int]:
        """The token that begins every text, where the tokenizer has one."""
        begins = self._tokenizer("", add_special_tokens=True)["input_ids"][:1]
        return [int(i) for i in begins if i == self._tokenizer.bos_token_id]

    def _messages(self, messages: Sequence[Message], mark: str) -> list[dict[str, Any]]:
        """As the template takes them: calls and results only where there are any."""
        if any(m.tool_calls or m.role == "tool" for m in messages):
            return [self._message(m, mark) for m in messages]
        chat = [(m.role, neutral(m.content, self._special, mark)) for m in messages]
        fitted = with_system(chat, takes=self._takes_system, adds=self._adds_system)
        return [{"role": role, "content": content} for role, content in fitted]

    def _message(self, message: Message, mark: str) -> dict[str, Any]:
        content = neutral(message.content, self._special, mark)
        body: dict[str, Any] = {"role": message.role, "content": content}
        if message.role == "tool":
            body["tool_call_id"] = message.answers
        if message.tool_calls:
            body["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {
                        "name": call.name,
                        "arguments": _loaded(neutral(call.arguments, self._special, mark)),
                    },
                }
                for call in message.tool_calls
            ]
        return body

    def _render(self, messages: list[dict[str, Any]], tools: Sequence[ToolSpec] = ()) -> str:
        try:
            return str(
                self._tokenizer.apply_chat_template(
                    messages,
                    tools=[_function(tool) for tool in tools] or None,
                    tokenize=False,
                    add_generation_prompt=True,
                )
            )
        except Exception as error:  # whatever a template raises
            roles = ", ".join(str(m["role"]) for m in messages)
            told = " ".join(str(error).split())[:200]
            raise EngineError(f"the chat template refuses the roles {roles}: {told}") from error

    def _keeps(self, chat: Chat) -> bool:
        """Whether the template shows all of the chat's contents."""
        try:
            rendered = self._rendered(chat)
        except EngineError:
            return False
        return all(content in rendered for _, content in chat)

    def _has_own_system(self) -> bool:
        bare = self._rendered([("user", "\ue000")])
        return len(bare) > len(self._rendered([("system", ""), ("user", "\ue000")]))

    def _rendered(self, chat: Chat) -> str:
        if self._tokenizer.chat_template is None:
            return _BETWEEN.join(content for _, content in chat)
        return self._render([{"role": role, "content": content} for role, content in chat])


def _loaded(arguments: str) -> Any:
    """A call's arguments as templates want them: an object, if the model wrote one."""
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def _function(tool: ToolSpec) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": json.loads(tool.parameters),
        },
    }
