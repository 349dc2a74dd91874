"""`ragreason serve`: graphs over HTTP, and a page to watch them."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ragreason.cli.output import Json, print_json
from ragreason.cli.run import Allowed, Models, NoCache, Overrides, keeps, split_models


def serve(
    graphs: Annotated[
        list[str] | None,
        typer.Argument(help="Shipped graphs' names, or files; by default naive_rag and react."),
    ] = None,
    index: Annotated[Path | None, typer.Option(help="The index folder to search.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Search the sample corpus.")] = False,
    model: Models = None,
    retriever: Annotated[
        str | None, typer.Option(help="hybrid, dense, bm25 or graph_walk.")
    ] = None,
    host: Annotated[str, typer.Option(help="Where to listen; others need keys.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port.")] = 8000,
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
    main, named = split_models(model)
    parts: dict[str, Any] = {
        "model": main,
        "models": named,
        "index": index,
        "retriever": retriever,
        "overrides": set_ or [],
        "allow_imports": allow_import or [],
        "cache": keeps(no_cache=no_cache),
        "database": database,
    }
    if demo and index is not None:
        raise typer.BadParameter("--demo searches the sample corpus; leave --index out")
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
        shown = f"[{options.host}]" if ":" in options.host else options.host

        def tell(port: int) -> None:
            url = f"http://{shown}:{port}/"
            if json:
                print_json({"url": url, "graphs": list(desk.runners)})
                sys.stdout.flush()  # whoever reads it waits for it
            else:
                typer.echo(f"{', '.join(desk.runners)} at {url} (end with Ctrl-C)", err=True)

        await serve_(desk, options, metrics, tell)
