"""MCP's tools opened from graph names and an index, and served over stdio or streamable HTTP."""

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragreason.errors import ConfigError, install_extra
from ragreason.runner import Runner, open_runner
from ragreason.serving.guard import Guard
from ragreason.serving.listen import listen
from ragreason.serving.mcp_tools import Tools, Turnstile
from ragreason.serving.options import Options
from ragreason.settings import Settings

if TYPE_CHECKING:
    from mcp.server.lowlevel.server import Server

PATH = "/mcp"


@asynccontextmanager
async def open_tools(
    graphs: Sequence[str | Path], options: Options, settings: Settings, **parts: Any
) -> AsyncIterator[Tools]:
    """The tools over these graphs, closed again with the event loop. `parts` are arguments of
    `open_runner`. Raises ConfigError where the package `mcp` is not installed.
    """
    from ragreason.index.folder import open_index

    need_mcp()
    async with AsyncExitStack() as stack:
        runners: dict[str, Runner] = {}
        for graph in graphs:
            runner = open_runner(graph, settings=settings, **parts)
            stack.push_async_callback(runner.aclose)
            runners[runner.graph.definition.name] = runner
        place = settings.index if parts.get("index") is None else parts["index"]
        folder = open_index(Path(place)) if isinstance(place, str | Path) else None
        searcher = next(iter(runners.values())).searcher if runners else None
        limits = Turnstile(options.most_runs, options.most_seconds)
        yield Tools(runners, searcher, folder, limits)


def need_mcp() -> None:
    """Raise ConfigError where the package `mcp` is not installed."""
    try:
        import mcp.server.lowlevel.server  # noqa: F401
    except ImportError as error:
        raise ConfigError(f"MCP needs the package 'mcp': {install_extra('mcp')}") from error


def http_app(server: "Server[Any]", options: Options) -> Any:
    """The ASGI application: MCP over streamable HTTP at `/mcp`, behind the guard."""
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        host=options.host,
        max_request_body_size=options.most_body_bytes,
    )
    return Guard(app, options, public=lambda _: False)


async def serve_http(
    server: "Server[Any]", options: Options, on_up: Callable[[int], None] = lambda _: None
) -> None:
    """Serve over streamable HTTP until the process is told to end; `on_up` is told the port."""
    await listen(http_app(server, options), options, on_up)


async def serve_stdio(server: "Server[Any]", wire: TextIOWrapper) -> None:
    """Serve one client over standard input and the `wire`, until the input ends."""
    import anyio
    from mcp.server.stdio import stdio_server

    async with stdio_server(stdout=anyio.wrap_file(wire)) as (read, write):
        await server.run(read, write, server.create_initialization_options())


@contextmanager
def only_the_protocol() -> Iterator[TextIOWrapper]:
    """Standard output for the protocol alone: what anything else prints there, native libraries and
    child processes too, goes to standard error.
    """
    sys.stdout.flush()
    before, sys.stdout = sys.stdout, sys.stderr
    with TextIOWrapper(os.fdopen(os.dup(1), "wb"), encoding="utf-8", newline="\n") as wire:
        os.dup2(2, 1)
        try:
            yield wire
        finally:
            sys.stdout = before
            os.dup2(wire.fileno(), 1)
