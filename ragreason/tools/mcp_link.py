"""A connection to a server of the Model Context Protocol, usable from any event loop."""

import asyncio
import os
import shlex
import sys
import weakref
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from ragreason.concurrency import LoopThread
from ragreason.errors import ConfigError, ToolError, install_extra
from ragreason.settings import settings

if TYPE_CHECKING:
    from mcp import Client

_MOST_PAGES = 20


@dataclass(frozen=True)
class Server:
    """Where a server is: a `command` to start, given the named variables of the `environment` and
    no others, or a `url`.
    """

    command: tuple[str, ...] = ()
    url: str = ""
    environment: tuple[str, ...] = ()
    timeout_s: float = 30.0

    @property
    def place(self) -> str:
        """For messages, and for consent: the whole command as a shell takes it, or the URL."""
        return shlex.join(self.command) if self.command else self.url


class Link:
    """One connection, kept in an event loop of its own until `close`, or until nothing uses it.

    Connects and asks for the server's `tools` at once; blocks. Raises ConfigError where that fails.
    A connection that was lost is made again by the next call.
    """

    def __init__(self, server: Server) -> None:
        try:
            import mcp  # noqa: F401
        except ImportError as error:
            advice = install_extra("mcp")
            raise ConfigError(f"tools over MCP need the package 'mcp': {advice}") from error
        self.server = server
        self._thread = LoopThread("ragreason-mcp")
        self._keeper = _Keeper(server)
        self._close = weakref.finalize(self, self._thread.stop)
        try:
            self.tools: list[Any] = self._thread.wait(self._keeper.listed())
        except Exception as error:
            self.close()
            told = " ".join(_reason(error).split())[:300]
            raise ConfigError(f"the MCP server '{server.place}' can't be used: {told}") from error

    async def call(self, name: str, arguments: dict[str, Any]) -> Any:
        """The result of a tool. Cancelling it cancels the call. Raises ToolError where the server
        does not answer.
        """
        try:
            return await self._thread.run(self._keeper.call(name, arguments))
        except TimeoutError as error:
            told = f"the tool did not answer within {self.server.timeout_s:g} s"
            raise ToolError(told) from error
        except Exception as error:
            told = " ".join(_reason(error).split())[:200]
            raise ToolError(f"the tool could not be called: {told}") from error

    def close(self) -> None:
        """End the connection, and the program if there is one. Safe to call twice."""
        self._close()


class _Keeper:
    """Holds the connection, in the link's loop. One task enters and leaves it, as it has to be."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client: Client | None = None
        self._leave = asyncio.Event()
        self._connecting = asyncio.Lock()

    async def listed(self) -> list[Any]:
        async with asyncio.timeout(self._server.timeout_s):
            client, found, cursor = await self._connected(), list[Any](), None
            for _ in range(_MOST_PAGES):
                page = await client.list_tools(cursor=cursor)
                found += page.tools
                cursor = page.next_cursor
                if cursor is None:
                    break
            return found

    async def call(self, name: str, arguments: dict[str, Any]) -> Any:
        from mcp.shared.exceptions import MCPError
        from mcp_types import CONNECTION_CLOSED

        async with asyncio.timeout(self._server.timeout_s):
            client = await self._connected()
            try:
                return await client.call_tool(name, arguments)
            except Exception as error:
                lost = not isinstance(error, MCPError) or error.code == CONNECTION_CLOSED
                if lost and self._client is client:
                    self._client = None
                    self._leave.set()
                raise

    async def _connected(self) -> "Client":
        async with self._connecting:
            if self._client is None:
                self._leave = asyncio.Event()
                there: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
                holder = asyncio.create_task(self._hold(there, self._leave))
                try:
                    either: set[asyncio.Future[Any]] = {there, holder}
                    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                except asyncio.CancelledError:
                    holder.cancel()
                    raise
                if not there.done():
                    await holder  # raises why
                self._client = there.result()
            return self._client

    async def _hold(self, there: "asyncio.Future[Client]", leave: asyncio.Event) -> None:
        async with _client(self._server) as client:
            there.set_result(client)
            with suppress(asyncio.CancelledError):  # the loop ends
                await leave.wait()


@asynccontextmanager
async def _client(server: Server) -> "AsyncIterator[Client]":
    import httpx2
    import mcp_types as types
    from mcp import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client
    from mcp.client.streamable_http import streamable_http_client

    me = types.Implementation(name="ragreason", version=version("ragreason"))
    async with AsyncExitStack() as stack:
        transport: Any
        if server.command:
            first, *rest = server.command
            passed = {name: os.environ[name] for name in server.environment if name in os.environ}
            started = StdioServerParameters(command=first, args=rest, env=passed)
            transport = stdio_client(started, errlog=sys.__stderr__ or sys.stderr)
        else:
            key = settings().mcp_keys.get(server.url)
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            plain = httpx2.AsyncClient(headers=headers, timeout=None)
            entered = await stack.enter_async_context(plain)
            transport = streamable_http_client(server.url, http_client=entered)
        yield await stack.enter_async_context(Client(transport, client_info=me))


def _reason(error: BaseException) -> str:
    """The first error inside groups of them."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__
