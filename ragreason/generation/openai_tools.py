"""Tools and their calls, as OpenAI-compatible servers take and give them."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ragreason.types import Message, ToolCall, ToolSpec


def message_body(message: Message, neutral: Callable[[str], str]) -> dict[str, Any]:
    """A message as the server takes it, its texts through `neutral`."""
    content = neutral(message.content)
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.answers, "content": content}
    body: dict[str, Any] = {"role": message.role, "content": content}
    if message.tool_calls:
        body["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": neutral(call.arguments)},
            }
            for call in message.tool_calls
        ]
    return body


def tools_body(tools: Sequence[ToolSpec]) -> list[dict[str, Any]] | None:
    """The tools as functions; None for none."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": json.loads(tool.parameters),
            },
        }
        for tool in tools
    ] or None


def calls_of(message: Any) -> tuple[ToolCall, ...]:
    """The calls of functions in a server's message, in its order."""
    return tuple(
        ToolCall(
            name=call.function.name or "", arguments=call.function.arguments or "", id=call.id or ""
        )
        for call in getattr(message, "tool_calls", None) or ()
        if getattr(call, "function", None) is not None
    )


@dataclass
class GrowingCalls:
    """Calls that a stream sends piece by piece, told apart by their index."""

    _parts: dict[int, dict[str, str]] = field(default_factory=dict)

    def add(self, delta: Any) -> None:
        """The pieces in one chunk's delta."""
        pieces: Iterable[Any] = getattr(delta, "tool_calls", None) or ()
        for piece in pieces:
            part = self._parts.setdefault(piece.index, {"id": "", "name": "", "arguments": ""})
            part["id"] = piece.id or part["id"]
            if piece.function is not None:
                part["name"] += piece.function.name or ""
                part["arguments"] += piece.function.arguments or ""

    def done(self) -> tuple[ToolCall, ...]:
        """All calls, by index."""
        return tuple(ToolCall(**self._parts[index]) for index in sorted(self._parts))
