"""What a request must be before anything else looks at it: allowed, from here, and not too big."""

import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.exceptions import HTTPException

from ragreason.serving.options import Options

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
OPEN = ("/healthz", "/readyz")
"""Paths that need no key: they tell nothing but that the server is there."""
_OWN = ("127.0.0.1", "localhost", "[::1]")


class Guard:
    """ASGI middleware. Keys are compared in constant time.

    A server without keys answers requests to this machine's own names only, and none that a page
    from elsewhere makes: a browser would let any site ask a server on this machine (DNS rebinding,
    cross-site requests).
    """

    def __init__(self, app: Any, options: Options, public: Callable[[str], bool]) -> None:
        self._app = app
        self._options = options
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it on, or answer 401, 403 or 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        path = scope["path"]
        if path not in OPEN:
            if self._from_elsewhere(headers):
                await refuse(send, 403, "this server has no keys, so it answers local pages only")
                return
            if self._options.keys and not self._public(path) and not self._knows(headers):
                await refuse(send, 401, "a valid key is needed: Authorization: Bearer KEY")
                return
        most = self._options.most_body_bytes
        told = headers.get("content-length", "0")
        if told.isdigit() and int(told) > most:
            await refuse(send, 413, f"the body has {int(told):,} bytes; at most {most:,} are taken")
            return
        await self._bounded(scope, receive, send)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A body without a length is counted as it comes."""
        read, most = 0, self._options.most_body_bytes

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise HTTPException(413, f"the body has more than {most:,} bytes")
            return message

        await self._app(scope, counted, send)

    def _knows(self, headers: dict[str, str]) -> bool:
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return False
        sent = given.strip().encode()
        return any(hmac.compare_digest(sent, key.encode()) for key in self._options.keys)

    def _from_elsewhere(self, headers: dict[str, str]) -> bool:
        if self._options.keys:
            return False  # a page from elsewhere does not have the key
        host = headers.get("host", "")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if name not in {*_OWN, self._options.host}:
            return True
        origin = headers.get("origin")
        return origin is not None and origin.partition("://")[2] != host


async def refuse(
    send: Send, status: int, message: str, kind: str = "invalid_request_error"
) -> None:
    """Answer with an error in the OpenAI interface's form."""
    body = json.dumps({"error": {"message": message, "type": kind, "code": status}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
