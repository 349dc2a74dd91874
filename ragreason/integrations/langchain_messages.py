"""Requests as messages of LangChain, and its messages as completions."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ragreason.generation.text import cut_at_stop
from ragreason.types import Completion, FinishReason, Message, Request, ToolCall, Usage

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

_REASONS = ("finish_reason", "stop_reason", "done_reason")
_CUT = {"length", "max_tokens", "MAX_TOKENS", "max_output_tokens"}


def messages_of(request: Request) -> list["BaseMessage"]:
    """The request's messages as LangChain's."""
    return [_message(message) for message in request.messages]


def _message(message: Message) -> "BaseMessage":
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

    if message.role == "tool":
        return ToolMessage(content=message.content, tool_call_id=message.answers)
    if message.role == "assistant":
        calls = [
            {"name": call.name, "args": json.loads(call.arguments), "id": call.id}
            for call in message.tool_calls
        ]
        return AIMessage(content=message.content, tool_calls=calls)
    kind = SystemMessage if message.role == "system" else HumanMessage
    return kind(content=message.content)


def functions_of(request: Request) -> list[dict[str, Any]]:
    """The request's tools in the form that LangChain's models take."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": json.loads(tool.parameters),
            },
        }
        for tool in request.tools
    ]


def completion_of(message: Any, stop: Sequence[str], guessed: Usage) -> Completion:
    """A reply as a completion, cut at the stop strings. `guessed` counts where the model does not
    say what it spent.
    """
    said = str(message.text)
    text = cut_at_stop(said, stop)
    cut = text == said and _is_cut(message.response_metadata)
    reason: FinishReason = "length" if cut else "stop"
    return Completion(
        text=text,
        reasoning=_reasoning(message),
        tool_calls=tuple(
            ToolCall(
                name=call["name"],
                arguments=json.dumps(call["args"], ensure_ascii=False),
                id=call.get("id") or f"call_{number}",
            )
            for number, call in enumerate(message.tool_calls, start=1)
        ),
        finish_reason=reason,
        usage=usage_of(message.usage_metadata, guessed),
    )


def usage_of(told: Mapping[str, Any] | None, guessed: Usage) -> Usage:
    """What one call spent, as the model tells it."""
    if not told:
        return guessed
    return Usage(
        prompt_tokens=told.get("input_tokens", 0),
        completion_tokens=told.get("output_tokens", 0),
        cached_tokens=(told.get("input_token_details") or {}).get("cache_read"),
        reasoning_tokens=(told.get("output_token_details") or {}).get("reasoning") or 0,
        calls=1,
    )


def _is_cut(metadata: Mapping[str, Any]) -> bool:
    return any(str(metadata.get(name, "")) in _CUT for name in _REASONS)


def _reasoning(message: Any) -> str:
    blocks = message.content if isinstance(message.content, list) else []
    found = [
        str(block.get("reasoning") or block.get("thinking") or "")
        for block in blocks
        if isinstance(block, dict) and block.get("type") in {"reasoning", "thinking"}
    ]
    return "".join(found) or str(message.additional_kwargs.get("reasoning_content") or "")
