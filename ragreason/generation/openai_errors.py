"""The official client's errors as ours. Keys and headers never get into a message.

None of them is `retryable`: they come after all attempts that there are.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ragreason.errors import (
    ConfigError,
    ContextOverflowError,
    EngineDiedError,
    EngineError,
    EngineTimeoutError,
    RagreasonError,
)
from ragreason.generation.openai_faults import Fault
from ragreason.generation.openai_server import shown

_TOO_LONG = re.compile(r"context.length|context_length|maximum context|too long", re.IGNORECASE)
_NUMBER = re.compile(r"\d{2,}")
_E = TypeVar("_E", bound=RagreasonError)


@dataclass(frozen=True)
class Names:
    """What errors call things: the engine, and its server where there are several. `key` is blotted
    out; `context` in tokens.
    """

    engine: str
    context: int
    timeout_s: float
    key: str | None = field(default=None, repr=False)
    several: bool = False

    def of(self, url: str) -> str:
        """The engine, at this server of several."""
        return f"{self.engine} at {shown(url)}" if self.several else self.engine


def refused(error: Exception, names: Names, url: str) -> RagreasonError:
    """Our error for one of the client's, from the server at `url`. What the server said is kept for
    bad requests only.
    """
    import openai

    name = names.of(url)
    where = "the server" if names.several or not url else shown(url)
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        advice = f"no answer within {names.timeout_s:g} s; raise request_timeout_s"
        return _final(EngineTimeoutError(f"{name}: {advice}"))
    if isinstance(error, openai.APIStatusError):
        return _of_status(error, name, where, names)
    if isinstance(error, openai.APIConnectionError):
        advice = f"{where} can't be reached; is it up, is its URL right?"
        return _final(EngineDiedError(f"{name}: {advice}"))
    return EngineError(f"{name}: what the server sent is no reply; its URL ends in /v1, does it?")


def broken_off(fault: Fault, names: Names, url: str) -> RagreasonError:
    """A stream that ended in the middle: another reply would not go on where it stopped."""
    said = f"the server {fault.says} in the middle of a reply; what came of it is no answer"
    return _final(EngineDiedError(f"{names.of(url)}: {said}; ask again"))


def none_left(problems: Mapping[str, str], names: Names) -> RagreasonError:
    """No server of the fleet answers; `problems` of each by its URL."""
    known = {shown(url) or "the service": said for url, said in problems.items() if said}
    each = "; ".join(f"{where} {said}" for where, said in known.items())
    advice = "start or mend them, or set RAGREASON_OPENAI_BASE_URL to servers that are up"
    return _final(EngineDiedError(f"{names.engine}: no server is left: {each}; {advice}"))


def _of_status(error: Any, name: str, where: str, names: Names) -> RagreasonError:
    if error.status_code in {401, 403}:
        return ConfigError(f"{name}: {where} refused the key; set RAGREASON_OPENAI_API_KEY")
    if error.status_code == 404:
        advice = "check both; URLs mostly end in /v1"
        return ConfigError(f"{name}: {where} does not know this model or path; {advice}")
    said = str(error.message).replace(names.key or "\0", "***")
    if error.status_code == 400 and _TOO_LONG.search(said):
        numbers = sorted(map(int, _NUMBER.findall(said.partition(" - ")[2] or said)))
        return ContextOverflowError(numbers[-1] if numbers else names.context, names.context)
    if error.status_code == 429 or error.status_code >= 500:
        return EngineError(f"{name}: status {error.status_code} again and again; try later")
    line = " ".join(said.split())[:300]
    return EngineError(f"{name}: the server refused the request: {line}")


def _final(error: _E) -> _E:
    error.retryable = False
    return error
