"""As much of HTTP/1.1 as one loopback server needs: keep-alive, sized bodies, chunked events."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast


class Respond:
    """Answers one request. `left` is called if the client goes away before that."""

    def __init__(self, transport: asyncio.Transport, after: Callable[[], None]) -> None:
        self.left: Callable[[], None] = lambda: None
        self._transport = transport
        self._after = after
        self._begun = False

    def json(self, value: Any, status: int = 200) -> None:
        """The whole answer."""
        data = json.dumps(value).encode()
        head = f"HTTP/1.1 {status} x\r\nContent-Type: application/json\r\n"
        self._transport.write(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
        self._after()

    def event(self, value: Any) -> None:
        """One server-sent event."""
        if not self._begun:
            self._begun = True
            head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            self._transport.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        self._chunk(f"data: {json.dumps(value)}\n\n")

    def end_events(self) -> None:
        """The last event, and the end."""
        self._chunk("data: [DONE]\n\n")
        self._transport.write(b"0\r\n\r\n")
        self._after()

    def _chunk(self, text: str) -> None:
        data = text.encode()
        self._transport.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


Answer = Callable[[str, str, bytes, Respond], None]


class Connection(asyncio.Protocol):
    """One connection; requests on it are answered in turn."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._received = bytearray()
        self._under_way: Respond | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if self._under_way is not None:
            self._under_way.left()

    def _next(self) -> None:
        """Answer the next request if it is all there and none is under way."""
        end = self._received.find(b"\r\n\r\n")
        if self._under_way is not None or end < 0:
            return
        head = self._received[:end].decode("latin-1")
        sizes = [line for line in head.lower().split("\r\n") if line.startswith("content-length:")]
        begin = end + 4
        stop = begin + (int(sizes[0].partition(":")[2]) if sizes else 0)
        if len(self._received) < stop:
            return
        body = bytes(self._received[begin:stop])
        del self._received[:stop]
        method, path, _ = head.split(" ", 2)
        assert self._transport is not None
        self._under_way = Respond(self._transport, self._done)
        self._answer(method, path, body, self._under_way)

    def _done(self) -> None:
        self._under_way = None
        self._next()
