"""`ragreason serve`: graphs over HTTP, and a page to watch them."""

from typing import Annotated, Any

import typer

from ragreason.cli.output import Json
from ragreason.cli.run import Allowed, Models, NoCache, Overrides
from ragreason.cli.served import Demo, Host, Index, Kind, Port, parts_of, say_where


def serve(
    graphs: Annotated[
        list[str] | None,
        typer.Argument(help="Shipped graphs' names, or files; by default naive_rag and react."),
    ] = None,
    index: Index = None,
    demo: Demo = False,
    model: Models = None,
    retriever: Kind = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    most_runs: Annotated[
        int, typer.Option(min=1, help="Most questions at work; more are told to come again.")
    ] = 64,
    most_seconds: Annotated[
        float, typer.Option(min=1, help="The longest that a question may take.")
    ] = 600.0,
    database: Annotated[
        str | None,
        typer.Option(help="Where runs are kept: sqlite:///FILE or postgresql+psycopg://..."),
    ] = None,
    set_: Overrides = None,
    allow_import: Allowed = None,
    no_cache: NoCache = False,
    json: Json = False,
) -> None:
    """Serve graphs: an OpenAI-compatible API, runs event by event, and a page."""
    import asyncio

    from ragreason.serving.options import Options
    from ragreason.settings import settings

    keys = settings().serve_keys
    options = Options(
        host=host, port=port, keys=keys, most_runs=most_runs, most_seconds=most_seconds
    )
    parts = parts_of(model, index, retriever, set_, allow_import, demo=demo, no_cache=no_cache)
    parts["database"] = database
    asyncio.run(_serve(graphs or ["naive_rag", "react"], options, parts, demo=demo, json=json))


async def _serve(
    graphs: list[str], options: Any, parts: dict[str, Any], *, demo: bool, json: bool
) -> None:
    from ragreason.cli.demo import built_index
    from ragreason.serving.open import open_desk, serve as serve_
    from ragreason.settings import settings

    if demo:
        parts["index"] = await built_index(settings())
    async with open_desk(graphs, options, settings(), **parts) as (desk, metrics):
        names = list(desk.runners)
        await serve_(
            desk, options, metrics, lambda port: say_where(options, port, "/", names, json=json)
        )
