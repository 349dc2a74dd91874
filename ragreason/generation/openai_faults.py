"""What went wrong with a request on a server, and what it says about the server."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from json import JSONDecodeError
from typing import Any, Literal

from ragreason.generation.openai_reply import UnreadableReplyError

FaultKind = Literal["gone", "slow", "failed", "unreadable", "busy", "final"]
"""The server can't be reached or is not ready; it gave no answer in time; it failed at the request;
it sent what is no reply; it asks to come back later. "final": the request itself is at fault, or
the key, and would be refused again."""

_NOT_READY = {502, 503, 504}
_FLEETING = {408, 409, 425}
_UNREADABLE = UnreadableReplyError | JSONDecodeError | UnicodeDecodeError


@dataclass(frozen=True)
class Fault:
    """One failure. `says` completes "server X ...". `wait_s`: how long the server asks to wait."""

    kind: FaultKind
    says: str
    wait_s: float | None = None


def fault_of(error: Exception, timeout_s: float) -> Fault | None:
    """What an error of the client means; None for one that is none of the client's."""
    import openai

    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return Fault("slow", f"gave no answer within {timeout_s:g} s")
    if isinstance(error, openai.APIStatusError):
        return _of_status(error)
    if isinstance(error, openai.APIConnectionError) or _of_transport(error):
        return Fault("gone", "can't be reached")
    if isinstance(error, _UNREADABLE | openai.APIResponseValidationError):
        return Fault("unreadable", "sent a reply that can't be read")
    if isinstance(error, openai.APIError):
        return Fault("failed", "broke off with an error")
    return Fault("final", "can't be asked") if isinstance(error, openai.OpenAIError) else None


def retry_after_s(headers: Any, now: datetime | None = None) -> float | None:
    """Seconds that a server asks to wait, of `retry-after-ms` or `Retry-After`; None if it doesn't.

    `Retry-After` holds seconds or a date (RFC 9110, 10.2.3). A date is held against the server's
    own `Date`, where it gives one, so that clocks need not agree; past ones are 0.
    """
    told = headers.get("retry-after-ms")
    try:
        if told is not None:
            return max(0.0, float(told) / 1000)
        told = headers.get("retry-after")
        return None if told is None else max(0.0, float(told))
    except ValueError:
        until, sent = _date(told), _date(headers.get("date"))
        if until is None:
            return None
        return max(0.0, (until - (sent or now or datetime.now(UTC))).total_seconds())


def _of_status(error: Any) -> Fault:
    status, wait_s = error.status_code, retry_after_s(error.response.headers)
    if status == 429 or (status == 503 and wait_s is not None):
        asks = f"refuses more for now (status {status}"
        return Fault("busy", f"{asks}{'' if wait_s is None else f', for {wait_s:g} s'})", wait_s)
    if status in _NOT_READY:
        return Fault("gone", f"is not ready (status {status})", wait_s)
    if status >= 500 or status in _FLEETING:
        return Fault("failed", f"answers with status {status}", wait_s)
    return Fault("final", f"refused the request (status {status})")


def _of_transport(error: Exception) -> bool:
    """Whether the HTTP library raised it: in streams the client lets some of these through."""
    return type(error).__module__.partition(".")[0].startswith("httpx")


def _date(text: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
