"""`ragreason graph`: list, show, check, draw and start graph files."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ragreason.cli.output import Json, note, print_json, print_styled, print_table

if TYPE_CHECKING:
    from ragreason.graph.definition import Definition

app = typer.Typer(help="List, check, draw and start graph files.", no_args_is_help=True)

Graph = Annotated[str, typer.Argument(help="A shipped graph's name, or a file.")]
Allowed = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-import",
        help="What the graph may use: a module with parts, or an MCP server (command or URL).",
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a field of the graph: solve.strategy.n=8."),
]


@app.command("list")
def list_(json: Json = False) -> None:
    """List the graphs that ship, by paradigm."""
    from ragreason.graph.library import by_paradigm

    paradigms = by_paradigm()
    if json:
        print_json([_summary(graph) for graphs in paradigms.values() for graph in graphs])
        return
    if not sys.stdout.isatty():
        rows = [_listed(graph) for graphs in paradigms.values() for graph in graphs]
        print_table(("name", "paradigm", "source", "description"), rows)
        return
    for paradigm, graphs in paradigms.items():
        print_styled([(f"{_words(paradigm)} ({len(graphs)})", "bold")])
        print_table(
            ("", "", ""), [(f"  {g.name}", _short(g.source), g.description) for g in graphs]
        )


@app.command()
def show(graph: Graph, set_: Overrides = None, json: Json = False) -> None:
    """Show a graph's file; with --json or --set, what it is read as."""
    from ragreason.graph.library import find_graph
    from ragreason.graph.read import read_graph
    from ragreason.graph.yaml import read_text

    path = find_graph(graph)
    if not json and not set_:
        typer.echo(read_text(path), nl=False)
        return
    definition = read_graph(path, set_ or [])
    if json:
        print_json({**_summary(definition), "path": path, "definition": _plain(definition)})
        return
    import yaml

    typer.echo(yaml.safe_dump(_plain(definition), sort_keys=False, allow_unicode=True), nl=False)


@app.command()
def validate(
    graphs: Annotated[list[str], typer.Argument(help="Shipped graphs' names, or files.")],
    allow_import: Allowed = None,
    json: Json = False,
) -> None:
    """Check graphs and say everything that is wrong, one line each."""
    from ragreason.graph.library import validate_graph

    found = {graph: validate_graph(graph, allow_import or []) for graph in graphs}
    if json:
        print_json(
            [
                {"graph": graph, "ok": not errors, "errors": [_complaint(e) for e in errors]}
                for graph, errors in found.items()
            ]
        )
    for graph, errors in found.items():
        for error in errors:
            note(f"error: {error}")
        if not errors and not json:
            typer.echo(f"{graph}: ok")
    if any(found.values()):
        raise typer.Exit(2)


_PICTURES = (".svg", ".mmd", ".md", ".txt")


@app.command()
def draw(
    graph: Graph,
    form: Annotated[
        Literal["mermaid", "svg"] | None,
        typer.Option("--format", help="mermaid (text) or svg; by default as --out ends."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The file to write.")] = None,
    set_: Overrides = None,
    json: Json = False,
) -> None:
    """Draw a graph, without any network: Mermaid text, or a picture."""
    from ragreason.graph.draw import to_mermaid, to_svg
    from ragreason.graph.library import find_graph
    from ragreason.graph.read import read_graph

    if form is None and out is not None and out.suffix not in _PICTURES:
        known = ", ".join(_PICTURES)
        raise typer.BadParameter(f"--out {out}: can't draw '{out.suffix}'; it may end in {known}")
    definition = read_graph(find_graph(graph), set_ or [])
    svg = form == "svg" or (form is None and out is not None and out.suffix == ".svg")
    text = to_svg(definition) if svg else to_mermaid(definition)
    if out is not None:
        _write(out, text)
        note(f"wrote {out}")
    if json:
        print_json({"format": "svg" if svg else "mermaid", "path": out, "text": text})
    elif out is None:
        typer.echo(text, nl=False)


@app.command()
def schema(json: Json = False) -> None:  # noqa: ARG001  # it is JSON either way
    """Print the JSON Schema of graph files, for editors."""
    from ragreason.graph.schema import graph_schema

    print_json(graph_schema())


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The graph's name; the file is NAME.yaml.")],
    out: Annotated[Path | None, typer.Option("--out", help="Another file.")] = None,
    json: Json = False,
) -> None:
    """Write a commented graph file to start from."""
    from ragreason.errors import ConfigError
    from ragreason.graph.starter import starter

    path = out or Path(f"{name}.yaml")
    text = starter(name)
    if path.exists():
        raise ConfigError(f"{path} exists; give another name, or --out FILE")
    _write(path, text)
    note(f"wrote {path}; check it with: ragreason graph validate {path}")
    if json:
        print_json({"path": path})


def _summary(graph: "Definition") -> dict[str, Any]:
    return {
        "name": graph.name,
        "paradigm": graph.paradigm,
        "source": graph.source,
        "description": graph.description,
        "keeps": graph.keeps,
        "departs": graph.departs,
    }


def _plain(graph: "Definition") -> Any:
    return graph.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _complaint(error: Any) -> dict[str, Any]:
    return {
        "path": getattr(error, "path", None),
        "line": getattr(error, "line", None),
        "message": getattr(error, "message", str(error)),
    }


def _listed(graph: "Definition") -> tuple[str, str, str, str]:
    return graph.name, _words(graph.paradigm), _short(graph.source), graph.description


def _words(paradigm: str) -> str:
    return paradigm.replace("_", " ")


def _short(source: str) -> str:
    return source.removeprefix("https://").removeprefix("arxiv.org/abs/")


def _write(path: Path, text: str) -> None:
    from ragreason.errors import ConfigError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: can't be written: {error.strerror}") from error
