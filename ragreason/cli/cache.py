"""`ragreason cache`: the replies of engines that are kept on disk."""

import typer

from ragreason.cli.output import Json, print_json, print_table
from ragreason.settings import settings

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command()
def info(as_json: Json = False) -> None:
    """Show where the replies lie, how much room they take, and of which engines they are."""
    from contextlib import closing

    from ragreason.cache import CacheInfo
    from ragreason.generation.stack import cache_path, open_cache

    path = cache_path(settings())
    found = CacheInfo(path, 0, 0, {})
    if path.is_file():
        with closing(open_cache(settings())) as cache:
            found = cache.info()
    if as_json:
        print_json({**vars(found), "most_bytes": settings().cache_mb << 20})
        return
    size = f"{found.size_bytes / (1 << 20):,.1f} of {settings().cache_mb:,} MiB"
    typer.echo(f"{found.path}: {found.replies:,} replies, {size}")
    if found.engines:
        print_table(("engine", "replies"), list(found.engines.items()))


@app.command()
def clear(as_json: Json = False) -> None:
    """Forget all replies. Also mends a damaged file, by deleting it."""
    from ragreason.cache import clear as forget
    from ragreason.generation.stack import cache_path

    path = cache_path(settings())
    count = forget(path)
    if as_json:
        print_json({"path": path, "forgotten": count})
    else:
        typer.echo(f"{path}: {count:,} replies forgotten")
