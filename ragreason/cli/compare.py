"""`ragreason compare`: finished evaluations against the first of them."""

from pathlib import Path
from typing import Annotated

import typer

from ragreason.cli.output import Json, note, print_json


def compare(
    folders: Annotated[list[Path], typer.Argument(help="Folders that `ragreason eval` wrote.")],
    html: Annotated[Path | None, typer.Option(help="Also write a page to this file.")] = None,
    fail_if_worse: Annotated[
        bool,
        typer.Option(
            "--fail-if-worse", help="Exit code 1 if the second is worse than the first: for CI."
        ),
    ] = False,
    metric: Annotated[str, typer.Option(help="By which --fail-if-worse judges.")] = "f1",
    margin: Annotated[
        float, typer.Option(help="How much worse --fail-if-worse lets pass, 0.02 being 2 points.")
    ] = 0.02,
    seed: Annotated[int, typer.Option(help="The seed of the resampling.")] = 0,
    json: Json = False,
) -> None:
    """Compare evaluations on the questions they share, by paired tests.

    Differences are to the first folder, with 95 % intervals; runs on other data are refused.
    """
    if len(folders) < 2:
        raise typer.BadParameter("give at least two folders")
    if fail_if_worse:
        _check(folders, metric, margin, seed, json=json)
        return
    from ragreason.cli.scores import print_scores
    from ragreason.evaluation.compare import as_document, compare_runs

    runs, found = compare_runs(folders, seed=seed)
    for lonely in {run.name for run in runs[1:]} - {d.run for d in found}:
        note(f"'{lonely}' and '{runs[0].name}' share no question that both answered")
    if json:
        print_json(as_document(runs, found))
    else:
        print_scores(runs, found)
    if html is not None:
        from ragreason.report.page import write_report

        note(f"report: {write_report(folders, html)}")


def _check(folders: list[Path], metric: str, margin: float, seed: int, *, json: bool) -> None:
    """The second against the first; exit code 1 where it is worse."""
    from dataclasses import asdict

    from ragreason.report.regression import check_regression

    if len(folders) != 2:
        raise typer.BadParameter("--fail-if-worse takes two folders: the baseline and the new run")
    check = check_regression(folders[0], folders[1], metric=metric, margin=margin, seed=seed)
    if json:
        print_json({**asdict(check), "worse": check.worse})
    else:
        typer.echo(check.line)
    if check.worse:
        raise typer.Exit(1)
