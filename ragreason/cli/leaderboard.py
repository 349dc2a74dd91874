"""`ragreason leaderboard`: all finished evaluations below a folder, best first."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragreason.cli.output import Json, note, print_json, print_table

if TYPE_CHECKING:
    from ragreason.evaluation.statistics import Interval
    from ragreason.report.leaderboard import Board

_WIDEST_NAME = 20


def leaderboard(
    folder: Annotated[Path, typer.Argument(help="A folder with evaluations in it or below it.")],
    metric: Annotated[
        str | None,
        typer.Option(
            help="What runs are ordered by; by default accuracy, F1 or nDCG@10, as the data is."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """List the finished evaluations below a folder, best first, a table for each dataset.

    Runs on different data are never in one table.
    """
    from ragreason.report.leaderboard import leaderboard as find

    boards, left_out = find(folder, metric)
    for reason in left_out:
        note(f"left out: {reason}")
    if json:
        print_json([_document(board) for board in boards])
        return
    for number, board in enumerate(boards):
        if number:
            typer.echo()
        _show(board)


def _document(board: "Board") -> dict[str, object]:
    lines = [
        {
            **asdict(line),
            "metrics": {n: i._asdict() for n, i in line.metrics.items()},
            "tokens": line.tokens,
        }
        for line in board.lines
    ]
    return {**asdict(board), "lines": lines, "asked_alike": board.asked_alike}


def _show(board: "Board") -> None:
    from ragreason.report.words import cut, metric_name

    typer.echo(f"{board.dataset}, data {board.data_hash}")
    has_answers = any(m in line.metrics for line in board.lines for m in ("em", "f1"))
    usual = ("em", "f1") if has_answers else ("mrr", "ndcg@10")
    others = [m for m in usual if m != board.metric][:1]
    print_table(
        ("", "run", "n", *(f"{metric_name(m)} [95 %]" for m in (board.metric, *others)), "tokens"),
        [
            (
                place,
                cut(line.name, _WIDEST_NAME),
                line.scored,
                *(_interval(line.metrics.get(m)) for m in (board.metric, *others)),
                round(line.tokens),
            )
            for place, line in enumerate(board.lines, 1)
        ],
    )
    if not board.asked_alike:
        note("not all were asked as many questions: compare them by `ragreason compare`")


def _interval(found: "Interval | None") -> str | None:
    if found is None:
        return None
    low, high = (f"{end:.3f}".removeprefix("0") for end in (found.low, found.high))
    return f"{found.value:.3f} [{low}, {high}]"
