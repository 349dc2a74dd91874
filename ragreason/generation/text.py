"""Small rules about text that several engines share."""

from collections.abc import Sequence

from ragreason.errors import ConfigError
from ragreason.types import Request, ToolCall


def cut_at_stop(text: str, stop: Sequence[str]) -> str:
    """`text` up to the first of the stop strings. "a b" with ("b", " ") gives "a"."""
    found = [text.find(s) for s in stop if s and s in text]
    return text[: min(found)] if found else text


def certain(text: str, stop: Sequence[str]) -> str:
    """`text` without an end that may grow into a stop string. "ab" with ("bc",) gives "a"."""
    held = [n for s in stop for n in range(1, len(s)) if text.endswith(s[:n])]
    return text[: len(text) - max(held, default=0)]


def prompt_text(request: Request) -> str:
    """Tools, message contents, calls and the prefill, one a line: what rules and errors look at."""
    tools = [f"{t.name}: {t.description} {t.parameters}" for t in request.tools]
    said = [text for m in request.messages for text in (m.content, *map(_call_text, m.tool_calls))]
    return "\n".join([*tools, *said, request.prefill])


def _call_text(call: ToolCall) -> str:
    return f"{call.name} {call.arguments}"


def check_text(*texts: str) -> None:
    """Raise ConfigError for a text that UTF-8 can't hold: half of a surrogate pair."""
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ConfigError(
                f"the text holds {text[error.start]!r} at character {error.start}, which is half a "
                "character; decode the input with the right encoding"
            ) from error
