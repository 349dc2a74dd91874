"""`ragreason models`: what the catalogue holds, fetching a model, and where it lies."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ragreason import models
from ragreason.cli.output import Json, print_json, print_listing
from ragreason.errors import ConfigError
from ragreason.settings import settings

app = typer.Typer(no_args_is_help=True, add_completion=False)

Name = Annotated[
    str, typer.Argument(help="A catalogue name, a GGUF file, or a model folder.", metavar="NAME")
]


@app.command("list")
def list_models(as_json: Json = False) -> None:
    """List the catalogue: size, licence, whether it is here, and where it comes from."""
    rows = [_entry(model) for model in models.CATALOGUE]
    if as_json:
        print_json({"models": rows})
        return
    columns = ("name", "form", "MB", "licence", "here", "about")
    keys = ("name", "form", "megabytes", "licence", "here", "about")
    print_listing(columns, [[row[key] for key in keys] for row in rows])


@app.command()
def pull(name: Name, as_json: Json = False) -> None:
    """Fetch a model if it is not here yet, check it, and print where it lies."""
    _print_place(name, models.path(name), as_json)


@app.command()
def path(name: Name, as_json: Json = False) -> None:
    """Print where a model lies. Exit code 2 if it was not fetched yet."""
    found = models.located(name)
    if found is None:
        raise ConfigError(f"model '{name}' is not here; get it with: ragreason models pull {name}")
    _print_place(name, found, as_json)


def _print_place(name: str, place: Path, as_json: bool) -> None:
    if as_json:
        print_json({"name": name, "path": str(place)})
    else:
        typer.echo(place)


def _entry(model: models.Model) -> dict[str, Any]:
    place = models.cached(model, settings().resolved_home() / "models")
    return {
        "name": model.name,
        "form": model.form,
        "about": model.about,
        "licence": model.licence,
        "megabytes": model.megabytes,
        "sources": list(model.sources),
        "sha256": dict(model.sha256),
        "here": place is not None,
        "path": None if place is None else str(place),
    }
