"""`ragreason mcp`: search, answers and documents for agents and chat programs, over MCP."""

from typing import Annotated, Any

import typer

from ragreason.cli.output import Json
from ragreason.cli.run import Allowed, Models, NoCache, Overrides
from ragreason.cli.served import Demo, Host, Index, Kind, Port, parts_of, say_where


def mcp(
    graphs: Annotated[
        list[str] | None,
        typer.Argument(help="Graphs that answer; the first by default. naive_rag if left out."),
    ] = None,
    index: Index = None,
    demo: Demo = False,
    model: Models = None,
    retriever: Kind = None,
    http: Annotated[
        bool, typer.Option("--http", help="Serve streamable HTTP at /mcp instead of stdio.")
    ] = False,
    host: Host = "127.0.0.1",
    port: Port = 8001,
    most_runs: Annotated[
        int, typer.Option(min=1, help="Most calls at work; more are told to come again.")
    ] = 64,
    most_seconds: Annotated[
        float, typer.Option(min=1, help="The longest that a call may take.")
    ] = 600.0,
    set_: Overrides = None,
    allow_import: Allowed = None,
    no_cache: NoCache = False,
    json: Json = False,
) -> None:
    """Serve search, answers and documents to agents and chat programs, over MCP.

    The tools are search, answer and open_document; documents are resources as well.
    """
    import asyncio
    import signal

    from ragreason.serving.mcp_open import only_the_protocol
    from ragreason.serving.options import Options
    from ragreason.settings import settings

    if json and not http:
        raise typer.BadParameter("over stdio the output is the protocol's; --json goes with --http")
    keys = settings().serve_keys
    options = Options(
        host=host, port=port, keys=keys, most_runs=most_runs, most_seconds=most_seconds
    )
    parts = parts_of(model, index, retriever, set_, allow_import, demo=demo, no_cache=no_cache)
    names = graphs or ["naive_rag"]
    if http:
        asyncio.run(_serve(names, options, parts, demo=demo, json=json))
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a thread that reads input holds up the other way
    with only_the_protocol() as wire:
        asyncio.run(_serve(names, options, parts, demo=demo, wire=wire))


async def _serve(
    graphs: list[str],
    options: Any,
    parts: dict[str, Any],
    *,
    demo: bool,
    wire: Any = None,
    json: bool = False,
) -> None:
    from ragreason.cli.demo import built_index
    from ragreason.serving.mcp_open import need_mcp, open_tools, serve_http, serve_stdio
    from ragreason.serving.mcp_server import create_server
    from ragreason.settings import settings

    need_mcp()
    if demo:
        parts["index"] = await built_index(settings())
    async with open_tools(graphs, options, settings(), **parts) as tools:
        server = create_server(tools)
        if wire is not None:
            await serve_stdio(server, wire)
            return
        await serve_http(
            server, options, lambda port: say_where(options, port, "/mcp", graphs, json=json)
        )
