"""`ragreason compare`: finished evaluations against the first of them."""

from pathlib import Path
from typing import Annotated

import typer

from ragreason.cli.output import Json, note, print_json


def compare(
    folders: Annotated[list[Path], typer.Argument(help="Folders that `ragreason eval` wrote.")],
    seed: Annotated[int, typer.Option(help="The seed of the resampling.")] = 0,
    json: Json = False,
) -> None:
    """Compare evaluations on the questions they share, by paired tests.

    Differences are to the first folder, with 95 % intervals; runs on other data are refused.
    """
    from ragreason.cli.scores import print_scores
    from ragreason.evaluation.compare import as_document, compare_runs

    if len(folders) < 2:
        raise typer.BadParameter("give at least two folders")
    runs, found = compare_runs(folders, seed=seed)
    for lonely in {run.name for run in runs[1:]} - {d.run for d in found}:
        note(f"'{lonely}' and '{runs[0].name}' share no question that both answered")
    if json:
        print_json(as_document(runs, found))
    else:
        print_scores(runs, found)
