"""Servers on the loopback device that behave as they are told, request by request."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.generation.test_openai import HEAD, USAGE, choice, delta, reply


@dataclass
class Sent:
    """What a server sends. `cut`: the connection is closed after so many bytes of it."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None

    def head(self) -> bytes:
        lines = {"Content-Length": str(len(self.body)), **self.headers}
        shown = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"HTTP/1.1 {self.status} x\r\n{shown}\r\n".encode()


def said(text: str) -> Sent:
    return Sent(json.dumps(reply(choice(text))).encode(), headers={"Content-Type": _JSON})


def refused(status: int, **headers: str) -> Sent:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps({"error": {"message": "no"}}).encode()
    return Sent(body, status, {"Content-Type": _JSON, **named})


def streamed(*pieces: str, done: bool = True) -> Sent:
    """A stream of the pieces; not `done`, it is cut off behind them."""
    events = [*(delta(content=piece) for piece in pieces)]
    if done:
        events += [delta(finish_reason="stop"), {**HEAD, "choices": [], "usage": USAGE}]
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode()
    if done:
        return Sent(body + b"data: [DONE]\n\n", headers={"Content-Type": _EVENTS})
    longer = {"Content-Type": _EVENTS, "Content-Length": str(len(body) + 100)}
    return Sent(body, headers=longer, cut=len(body))


_JSON, _EVENTS = "application/json", "text/event-stream"


class FakeServer:
    """`behave` gives what is sent for a request's body; it may wait. Until it is done the server
    watches whether the client leaves.
    """

    def __init__(self, behave: Callable[[dict[str, Any]], Awaitable[Sent] | Sent]) -> None:
        self.behave = behave
        self.models_status = 200
        self.owner = "someone"
        self.bodies: list[dict[str, Any]] = []
        self.arrived = asyncio.Event()
        self.left = asyncio.Event()
        self.closed = asyncio.Event()
        self.asked_for_models = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._port = 0
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """As a process that is killed: what is open breaks off."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            while await self._one(reader, writer):
                pass
        self._writers.discard(writer)
        writer.close()
        self.closed.set()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        if head.startswith("get"):
            self.asked_for_models.set()
            models = {"data": [{"id": "m", "owned_by": self.owner}]}
            listing = Sent(json.dumps(models).encode(), self.models_status, {"Content-Type": _JSON})
            return await self._send(writer, listing)
        length = int(head.partition("content-length:")[2].split()[0])
        body = json.loads(await reader.readexactly(length))
        self.bodies.append(body)
        self.arrived.set()
        sent = await self._unless_left(reader, self._behave(body))
        return sent is not None and await self._send(writer, sent)

    async def _behave(self, body: dict[str, Any]) -> Sent:
        found = self.behave(body)
        return found if isinstance(found, Sent) else await found

    async def _unless_left(
        self, reader: asyncio.StreamReader, work: Awaitable[Sent]
    ) -> Sent | None:
        working = asyncio.ensure_future(work)
        leaving = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            self.left.set()
            return None
        finally:
            for task in (working, leaving):
                task.cancel()
            await asyncio.gather(working, leaving, return_exceptions=True)

    async def _send(self, writer: asyncio.StreamWriter, sent: Sent) -> bool:
        writer.write(sent.head() + sent.body[: sent.cut])
        await writer.drain()
        return sent.cut is None


@asynccontextmanager
async def serving(*servers: FakeServer) -> AsyncIterator[None]:
    for server in servers:
        await server.start()
    try:
        yield
    finally:
        for server in servers:
            await server.stop()
