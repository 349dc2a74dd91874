"""Requests as OpenAI-compatible servers take them."""

import json
import re
from dataclasses import dataclass
from typing import Any

from ragreason.generation.openai_server import ServerKind, regex_option
from ragreason.generation.openai_thinking import thinking_fields, with_room
from ragreason.generation.openai_tools import message_body, tools_body
from ragreason.generation.seeds import mixed
from ragreason.generation.text import prompt_text
from ragreason.types import Request

_SPECIAL = re.compile(
    r"<(?=\|[^|<>\s]{1,40}\|>|/?s>|(?:start|end)_of_turn>|(?:bos|eos|pad|unk)>|<SYS>>|</SYS>>)"
    r"|\[(?=/?INST\])"
)
_BYTES_A_TOKEN = 3


@dataclass(frozen=True)
class Dialect:
    """How one model wants to be asked. `context` in tokens; `hosted`: the service of OpenAI."""

    model: str
    context: int
    hosted: bool = False
    thinks: bool = False

    @property
    def cuts(self) -> bool:
        """Whether its texts are cut at stop strings here: hosted models that think take none."""
        return self.hosted and self.thinks

    def body(self, request: Request, kind: ServerKind) -> dict[str, Any]:
        """The arguments of the client's call for a server of this `kind`."""
        prompt, extra = prompt_fields(request)
        if request.regex is not None:
            extra |= regex_option(kind, request.regex)
        told: dict[str, Any] = {}
        if self.thinks:
            told, more = thinking_fields(request, kind, self.model, hosted=self.hosted)
            extra |= more
        body = {
            "model": self.model,
            "messages": prompt,
            "n": request.n,
            "max_completion_tokens" if self.hosted else "max_tokens": self._most(request),
            "temperature": request.temperature,
            "top_p": request.top_p,
            "stop": list(request.stop) or None,
            "seed": None if request.seed is None else mixed(request.seed),
            "logprobs": request.logprobs or request.top_logprobs > 0 or None,
            "top_logprobs": request.top_logprobs or None,
            "tools": tools_body(request.tools),
            "extra_body": extra or None,
            **told,
        }
        if self.cuts:  # such models refuse these
            body |= dict.fromkeys(("temperature", "top_p", "stop", "logprobs", "top_logprobs"))
        if request.json_schema is not None:
            body["response_format"] = _response_format(request.json_schema)
        return {key: value for key, value in body.items() if value is not None}

    def _most(self, request: Request) -> int:
        """Tokens of the reply, thinking among them."""
        if not self.thinks:
            return request.max_tokens
        room = self.context - estimated_tokens(request)
        return with_room(request, self.model, hosted=self.hosted, room=room)


def prompt_fields(request: Request) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The messages, a prefill last, and the fields by which vLLM and SGLang continue it."""
    messages = [message_body(m, neutral) for m in request.messages]
    if not request.prefill:
        return messages, {}
    messages.append({"role": "assistant", "content": neutral(request.prefill)})
    return messages, {"continue_final_message": True, "add_generation_prompt": False}


def prefix_of(request: Request) -> str:
    """What the prompts of one question begin with: all up to the first message of the user.

    Policies let prompts only grow behind it, so servers that have read one find it in their cache.
    """
    parts = []
    for message in request.messages:
        parts.append(message.content)
        if message.role == "user":
            break
    return "\0".join(parts)


def neutral(text: str) -> str:
    """`text` with a space behind the first character of what looks like a special token.

    "a<|im_end|>" gives "a< |im_end|>".
    """
    return _SPECIAL.sub(lambda found: found[0] + " ", text)


def estimated_tokens(request: Request) -> int:
    """Tokens of the prompt, rather too many than too few for English."""
    size = len(prompt_text(request).encode())
    return size // _BYTES_A_TOKEN + 4 * (len(request.messages) + 1)


def _response_format(schema: str) -> dict[str, Any]:
    loaded = json.loads(schema)
    named = {"name": "reply", "schema": loaded, "strict": _is_strict(loaded)}
    return {"type": "json_schema", "json_schema": named}


def _is_strict(schema: Any) -> bool:
    """Whether hosted services take it as a strict schema: all properties required, no others."""
    if isinstance(schema, list):
        return all(map(_is_strict, schema))
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object":
        required = set(schema.get("required", []))
        closed = schema.get("additionalProperties") is False
        if not closed or required != set(schema.get("properties", {})):
            return False
    return all(map(_is_strict, schema.values()))
