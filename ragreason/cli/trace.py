"""`ragreason trace`: look at past runs."""

from typing import Annotated

import typer

from ragreason.cli.output import Json, print_json, print_table

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Look at past runs.")


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(help="How many, newest first.")] = 20, json: Json = False
) -> None:
    """List past runs, newest first."""
    from itertools import islice

    from ragreason import traces
    from ragreason.cli.show import fit, status
    from ragreason.settings import load_settings

    found = list(islice(traces.heads(load_settings().resolved_home() / "traces"), limit))
    if json:
        print_json(found)
        return
    rows = [
        [h.id, h.graph, status(h.answer), fit(h.question.text, 26), fit(h.answer.text, 12)]
        for h in found
    ]
    print_table(["run", "graph", "status", "question", "answer"], rows)


@app.command()
def show(
    run: Annotated[str, typer.Argument(help="A run's id or its beginning, or 'last'.")] = "last",
    json: Json = False,
) -> None:
    """Show one run: steps, scores, passages, tokens, time."""
    from ragreason import traces
    from ragreason.cli.show import answer_lines, event_lines
    from ragreason.settings import load_settings

    head, events = traces.load(load_settings().resolved_home() / "traces", run)
    if json:
        print_json({"run": head, "events": events})
        return
    typer.echo(f"{head.graph}: {head.question.text}")
    for event in events:
        for line in event_lines(event, full=True):
            typer.echo(line)
    for line in answer_lines(head.answer):
        typer.echo(line)
