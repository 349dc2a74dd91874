"""What `ragreason serve` and `ragreason mcp` have in common: their options, and what they open."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragreason.cli.output import note, print_json
from ragreason.cli.run import keeps, split_models

if TYPE_CHECKING:
    from ragreason.serving.options import Options

Index = Annotated[Path | None, typer.Option(help="The index folder to search.")]
Demo = Annotated[bool, typer.Option("--demo", help="Search the sample corpus.")]
Kind = Annotated[str | None, typer.Option(help="hybrid, dense, bm25 or graph_walk.")]
Host = Annotated[str, typer.Option(help="Where to listen; others need keys.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port.")]


def parts_of(
    model: list[str] | None,
    index: Path | None,
    retriever: str | None,
    set_: list[str] | None,
    allow_import: list[str] | None,
    *,
    demo: bool,
    no_cache: bool,
) -> dict[str, Any]:
    """Arguments of `open_runner`. Raises BadParameter where --demo and --index are given."""
    if demo and index is not None:
        raise typer.BadParameter("--demo searches the sample corpus; leave --index out")
    main, named = split_models(model)
    return {
        "model": main,
        "models": named,
        "index": index,
        "retriever": retriever,
        "overrides": set_ or [],
        "allow_imports": allow_import or [],
        "cache": keeps(no_cache=no_cache),
    }


def say_where(options: "Options", port: int, path: str, graphs: list[str], *, json: bool) -> None:
    """Where the server is, once it is up: one line, or a document."""
    host = f"[{options.host}]" if ":" in options.host else options.host
    url = f"http://{host}:{port}{path}"
    if json:
        print_json({"url": url, "graphs": graphs})
        sys.stdout.flush()  # whoever reads it waits for it
    else:
        note(f"{', '.join(graphs)} at {url} (end with Ctrl-C)")
