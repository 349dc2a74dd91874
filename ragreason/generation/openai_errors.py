"""The official client's errors as ours. Keys and headers never get into a message."""

import re
from typing import Any

from ragreason.errors import (
    ConfigError,
    ContextOverflowError,
    EngineDiedError,
    EngineError,
    EngineTimeoutError,
    RagreasonError,
)

_TOO_LONG = re.compile(r"context.length|context_length|maximum context|too long", re.IGNORECASE)
_NUMBER = re.compile(r"\d{2,}")


def translated(error: Exception, name: str, context: int, key: str | None) -> RagreasonError:
    """Our error for one of the client's. What the server said is kept for bad requests only, with
    `key` blotted out.
    """
    import openai

    if isinstance(error, openai.APITimeoutError):
        return EngineTimeoutError(f"{name}: the server gave no answer in time; try again")
    if isinstance(error, openai.APIConnectionError):
        return EngineDiedError(f"{name}: the server can't be reached; is it up, is its URL right?")
    if isinstance(error, openai.APIStatusError):
        return _from_status(error, name, context, key)
    return EngineError(f"{name}: {type(error).__name__}; the reply could not be read")


def _from_status(error: Any, name: str, context: int, key: str | None) -> RagreasonError:
    if error.status_code in {401, 403}:
        return ConfigError(f"{name}: the server refused the key; set RAGREASON_OPENAI_API_KEY")
    if error.status_code == 404:
        return ConfigError(f"{name}: the server does not know this model or path; check both")
    said = str(error.message).replace(key or "\0", "***")
    if error.status_code == 400 and _TOO_LONG.search(said):
        numbers = sorted(map(int, _NUMBER.findall(said.partition(" - ")[2] or said)))
        return ContextOverflowError(numbers[-1] if numbers else context, context)
    if error.status_code == 429 or error.status_code >= 500:
        return EngineError(f"{name}: status {error.status_code} again and again; try later")
    line = " ".join(said.split())[:300]
    return EngineError(f"{name}: the server refused the request: {line}")
