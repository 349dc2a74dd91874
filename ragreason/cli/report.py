"""`ragreason report`: finished evaluations as a page, as pictures, or as a table for papers."""

from pathlib import Path
from typing import Annotated

import typer

from ragreason.cli.output import Json, print_json


def report(
    folders: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Folders that `ragreason eval` wrote.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The page's file; by default report.html in the run's folder."),
    ] = None,
    plots: Annotated[
        Path | None, typer.Option(help="Also write the pictures as PNG and SVG to this folder.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print the table as CSV; no page.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the table as Markdown; no page.")
    ] = False,
    latex: Annotated[
        bool, typer.Option("--latex", help="Print the table as LaTeX with booktabs; no page.")
    ] = False,
    json: Json = False,
) -> None:
    """Write a page about finished evaluations, or their table as CSV, Markdown or LaTeX.

    Several are compared with the first. The page is one file that loads nothing from anywhere.
    """
    chosen = [n for n, given in (("csv", csv), ("markdown", markdown), ("latex", latex)) if given]
    if len(chosen) > 1:
        raise typer.BadParameter("give one of --csv, --markdown and --latex")
    if chosen and out is not None:
        raise typer.BadParameter(f"--{chosen[0]} prints a table and writes no page; drop --out")
    if chosen and json:
        raise typer.BadParameter(f"--{chosen[0]} is a form of its own; drop --json")
    pictures = []
    if plots is not None:
        from ragreason.report.plots import write_plots

        pictures = write_plots(folders, plots)
    if chosen:
        print_export(folders, chosen[0])
        return
    from ragreason.report.page import write_report

    page = write_report(folders, out)
    if json:
        print_json({"page": page, "pictures": pictures})
    else:
        for path in [page, *pictures]:
            typer.echo(path)


def print_export(folders: list[Path], form: str) -> None:
    """The table of runs as one of `export.FORMATS`."""
    from ragreason.evaluation.compare import check_same_data, read_runs
    from ragreason.report.export import FORMATS
    from ragreason.report.table import line_of

    runs = read_runs(folders)
    for run in runs[1:]:
        check_same_data(runs[0], run)
    lines = [line_of(run.name, run.summary) for run in runs]
    typer.echo(FORMATS[form](lines), nl=False)
