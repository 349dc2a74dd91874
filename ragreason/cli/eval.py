"""`ragreason eval`: score graphs on a dataset; killed or failed, the same command goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragreason.cli.output import Json, note, print_json
from ragreason.cli.run import Allowed, Models, NoCache, Overrides, keeps, split_models
from ragreason.cli.selection import (
    Data,
    Fields,
    Hops,
    Sample,
    SampleSeed,
    Split,
    Types,
    chosen,
    pairs,
)

if TYPE_CHECKING:
    from ragreason.evaluation.graphs import Finished, Listener

__all__ = ["Fields", "eval_", "pairs", "progress"]


def eval_(
    graphs: Annotated[list[str], typer.Argument(help="Shipped graphs' names, or files.")],
    data: Data,
    index: Annotated[
        Path | None, typer.Option(help="The index to search; by default one of the data's texts.")
    ] = None,
    model: Models = None,
    retriever: Annotated[
        str | None, typer.Option(help="hybrid, dense, bm25 or graph_walk.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many questions, in file order.")
    ] = None,
    offset: Annotated[int, typer.Option(min=0, help="Leave out so many questions first.")] = 0,
    split: Split = "",
    types: Types = None,
    hops: Hops = None,
    sample: Sample = None,
    sample_seed: SampleSeed = 0,
    out: Annotated[
        Path | None, typer.Option(help="Where results go; one folder a graph if several.")
    ] = None,
    set_: Overrides = None,
    field: Fields = None,
    seed: Annotated[int, typer.Option(help="The run's seed.")] = 0,
    seeds: Annotated[
        str | None,
        typer.Option(help="Ask each question with each of these seeds: 0,1,2; in place of --seed."),
    ] = None,
    results: Annotated[
        str | None,
        typer.Option(help="A database that rows go to too: sqlite:///runs.db, postgresql://..."),
    ] = None,
    price: Annotated[
        str | None,
        typer.Option(help="Money per million tokens: prompt=0.15,cached=0.075,completion=0.6."),
    ] = None,
    ray: Annotated[bool, typer.Option("--ray", help="Answer on a Ray cluster.")] = False,
    ray_workers: Annotated[
        int | None,
        typer.Option(min=1, help="Workers of --ray; by default one a GPU, or one a machine."),
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1, help="Most questions in flight; by default what keeps the engine busy."
        ),
    ] = None,
    allow_import: Allowed = None,
    no_cache: NoCache = False,
    again: Annotated[
        bool, typer.Option("--again", help="Ask every question anew; old rows are set aside.")
    ] = False,
    json: Json = False,
) -> None:
    """Score graphs on a dataset. Results are kept question by question.

    The same command goes on after a kill, and asks failed questions again. Others keep their rows.
    """
    import asyncio

    from ragreason.evaluation.cost import Price
    from ragreason.evaluation.evaluate import select
    from ragreason.evaluation.graphs import Plan, evaluate_graphs
    from ragreason.settings import load_settings

    dataset = chosen(data, field, split, types, hops, sample, sample_seed)
    if not select(dataset, offset, limit):
        raise typer.BadParameter(f"{dataset.path} has {len(dataset.examples)} questions only")
    main, named = split_models(model)
    options = {"model": main, "models": named, "retriever": retriever}
    plan = Plan(
        dataset,
        out,
        index,
        {**options, "allow_imports": allow_import or [], "cache": keeps(no_cache=no_cache)},
        set_ or (),
        seed,
        offset,
        limit,
        load_settings(concurrency=concurrency),
        again=again,
        seeds=_seeds(seeds),
        results=results,
        price=None if price is None else Price.parse(price),
        ray=ray,
        ray_workers=ray_workers,
    )
    with progress() as listener:
        finished = asyncio.run(evaluate_graphs(graphs, plan, listener))
    _show(finished, json=json)
    _report(finished, out)
    _leave(finished)


def _seeds(given: str | None) -> tuple[int, ...]:
    """`0,1,2` as numbers; none where nothing is given. Raises BadParameter."""
    if given is None:
        return ()
    try:
        seeds = tuple(int(part) for part in given.split(","))
    except ValueError:
        raise typer.BadParameter(f"expected --seeds 0,1,2, got '{given}'") from None
    if len(set(seeds)) < len(seeds):
        raise typer.BadParameter(f"--seeds {given} names a seed twice")
    return seeds


def _show(finished: "list[Finished]", *, json: bool) -> None:
    from ragreason.cli.scores import leading, print_scores
    from ragreason.evaluation.compare import as_document, compare_runs

    runs, found = compare_runs([run.folder for run in finished])
    if json:
        folders = [str(run.folder) for run in finished]
        print_json({**as_document(runs, found), "folders": folders})
        return
    print_scores(runs, leading(found))
    for run in finished:
        note(f"results: {run.folder}")


def _report(finished: "list[Finished]", out: Path | None) -> None:
    """A page a run, and one that compares them where there are several."""
    from ragreason.report.page import write_reports

    for page in write_reports([run.folder for run in finished], out):
        note(f"report: {page}")


def _leave(finished: "list[Finished]") -> None:
    """Exit code 1 if a question failed: then the table lacks it."""
    from ragreason.evaluation.rows import is_error
    from ragreason.evaluation.store import read_rows

    if not any(run.summary["errors"] for run in finished):
        return
    failed = [row for run in finished for row in read_rows(run.folder) if is_error(row)]
    note(f"{len(failed)} questions failed, the first with: {failed[0]['error']}")
    note("they are not scored; the same command asks them again")
    raise typer.Exit(1)


@contextmanager
def progress() -> "Iterator[Listener]":
    """A bar a graph on standard error, with the time that is left."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from ragreason.cli.bars import Bars

    columns: list[Any] = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
    columns += [TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()]
    columns += [TextColumn("{task.fields[failed]}")]
    progress = Progress(*columns, console=Console(stderr=True))
    try:
        yield Bars(progress)
    finally:
        if progress.tasks:
            progress.stop()
