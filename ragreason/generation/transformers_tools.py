"""Tool calls that models write between <tool_call> tags, as Hermes, Qwen2.5 and Qwen3 do."""

import json
import re
from typing import NamedTuple

from ragreason.types import Request, ToolCall

OPENING, CLOSING = "<tool_call>", "</tool_call>"
_CALL = re.compile(rf"{OPENING}(.*?)(?:{CLOSING}|\Z)", re.DOTALL)


class Said(NamedTuple):
    """A reply in its parts: what stands before the first call, and the calls."""

    text: str
    calls: tuple[ToolCall, ...]


def writes_calls(template: str) -> bool:
    """Whether a chat template asks for calls in this form."""
    return OPENING in template and "tools" in template


def without_calls(text: str, request: Request) -> Said:
    """The calls in a reply to a request with tools; a call that is no JSON is text."""
    found = list(_CALL.finditer(text)) if request.tools else []
    calls = tuple(call for i, match in enumerate(found) if (call := _call(match[1], i)))
    if not calls or len(calls) < len(found):
        return Said(text, ())
    return Said(text[: found[0].start()].rstrip(), calls)


def _call(written: str, number: int) -> ToolCall | None:
    try:
        loaded = json.loads(written)
        name, arguments = loaded["name"], loaded.get("arguments", {})
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    told = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return ToolCall(name=str(name), arguments=told, id=f"call_{number}")
