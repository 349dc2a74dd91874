"""`ragreason trace`: look at past runs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ragreason.cli.output import Json, print_json, print_table

if TYPE_CHECKING:
    from ragreason.traces import Search

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
    tree: Annotated[bool, typer.Option("--tree", help="Show its searches as trees.")] = False,
    json: Json = False,
) -> None:
    """Show one run: steps, scores, passages, tokens, time; or its search trees.

    Of a tree's node: its step's and its outcome's score by the verifier, and what the strategy
    says of it: visits, value, and the weight of the answers that it ranked.
    """
    from ragreason import traces
    from ragreason.cli.show import Transcript, answer_lines, printable
    from ragreason.settings import load_settings

    head, events = traces.load(load_settings().resolved_home() / "traces", run)
    if json:
        happened = {"searches": traces.searches(events)} if tree else {"events": events}
        print_json({"run": head, **happened})
        return
    typer.echo(printable(f"{head.graph}: {head.question.text}"))
    if tree:
        _print_searches(traces.searches(events))
    else:
        transcript = Transcript(full=True)
        for event in events:
            for line in transcript.lines(event):
                typer.echo(line)
    for line in answer_lines(head.answer):
        typer.echo(line)


def _print_searches(found: "Sequence[Search]") -> None:
    from ragreason.cli.output import print_styled
    from ragreason.cli.tree import search_lines

    if not found:
        typer.echo("this run searched no tree: it has no `reason` node, or none gave a step")
    for search in found:
        print_styled(search_lines(search))
