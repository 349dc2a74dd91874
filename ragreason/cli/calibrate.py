"""`ragreason calibrate`: weights and limits of a graph's difficulty nodes, fitted to data."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ragreason.cli.eval import Fields, pairs, progress
from ragreason.cli.output import Json, note, print_json, print_table
from ragreason.cli.run import Allowed, Models, NoCache, Overrides, keeps, split_models

if TYPE_CHECKING:
    from ragreason.evaluation.graphs import Plan
    from ragreason.evaluation.routing import Measured

_FEW_QUESTIONS = 100
_WIDEST_NAME = 23


def calibrate(
    graph: Annotated[
        str, typer.Argument(help="A graph with difficulty nodes: a shipped one's name, or a file.")
    ],
    data: Annotated[
        list[str], typer.Option(help="NAME:PATH as in `ragreason data list`; may be repeated.")
    ],
    index: Annotated[
        Path | None, typer.Option(help="The index to search; by default one of the data's texts.")
    ] = None,
    model: Models = None,
    retriever: Annotated[
        str | None, typer.Option(help="hybrid, dense, bm25 or graph_walk.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many questions of each, in file order.")
    ] = None,
    offset: Annotated[int, typer.Option(min=0, help="Leave out so many questions first.")] = 0,
    out: Annotated[Path, typer.Option(help="Where the graph with other numbers goes.")] = Path(
        "calibrated.yaml"
    ),
    results: Annotated[Path | None, typer.Option(help="Where rows go.")] = None,
    metric: Annotated[Literal["em", "f1"], typer.Option(help="What is kept up.")] = "f1",
    keep: Annotated[
        float, typer.Option(min=0, max=1, help="The share of the best route's score to keep.")
    ] = 0.97,
    set_: Overrides = None,
    field: Fields = None,
    seed: Annotated[int, typer.Option(help="The run's seed.")] = 0,
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1, help="Most questions in flight; by default what keeps the engine busy."
        ),
    ] = None,
    allow_import: Allowed = None,
    no_cache: NoCache = False,
    json: Json = False,
) -> None:
    """Fit when a graph takes which way, so that it keeps the best way's score for fewer tokens.

    Every question is answered once along each way; the same command goes on after a kill. The graph
    is written with other weights and limits of its difficulty nodes, and nothing else changed.
    """
    import asyncio

    from ragreason.evaluation.calibrated_graph import check_out, write_graph
    from ragreason.evaluation.measure_routes import measure_routes
    from ragreason.evaluation.routing import calibrate_routing, held_out

    check_out(graph, out)
    main, named = split_models(model)
    kept = keeps(no_cache=no_cache)
    parts = {"model": main, "models": named, "retriever": retriever, "cache": kept}
    plans = _plans(
        [(spec, pairs(field or [])) for spec in data],
        results,
        index=index,
        parts={**parts, "allow_imports": allow_import or []},
        overrides=set_ or (),
        seed=seed,
        offset=offset,
        limit=limit,
        concurrency=concurrency,
    )
    with progress() as listener:
        measured, folders = asyncio.run(measure_routes(graph, plans, metric, listener))
    unseen = held_out(measured, keep)
    routing = calibrate_routing(measured, keep)
    write_graph(graph, out, routing, measured)
    taken = {"on these": routing.routes(measured), "held out": unseen}
    _report(measured, taken, metric, json=json, files=[out, *folders])
    if len(measured.ids) < _FEW_QUESTIONS:
        note(
            f"calibrated on {len(measured.ids)} questions: with fewer than {_FEW_QUESTIONS} the"
            "\nlimits are mostly chance; give more"
        )


def _plans(
    specs: Sequence[tuple[str, Any]], results: Path | None, concurrency: int | None, **options: Any
) -> "list[Plan]":
    from ragreason.datasets import load_dataset
    from ragreason.evaluation.evaluate import select
    from ragreason.evaluation.graphs import Plan
    from ragreason.settings import load_settings

    settings = load_settings(concurrency=concurrency)
    plans = []
    for number, spec in enumerate(specs):
        dataset = load_dataset(*spec)
        if not select(dataset, options["offset"], options["limit"]):
            raise typer.BadParameter(f"{dataset.path} has {len(dataset.examples)} questions only")
        several = f"{number + 1}-{dataset.name}" if len(specs) > 1 else ""
        folder = None if results is None else results / several
        plans.append(Plan(dataset, folder, settings=settings, **options))
    return plans


def _report(
    measured: "Measured", taken: dict[str, Any], metric: str, *, json: bool, files: Sequence[Path]
) -> None:
    """What each route scores and costs, and what the calibrated graph does, seen and unseen."""
    rows = [_row(measured, route.name, metric, number) for number, route in _numbered(measured)]
    rows += [_row(measured, f"calibrated, {name}", metric, ways) for name, ways in taken.items()]
    if json:
        print_json({"n": len(measured.ids), "routes": rows, "files": files})
        return
    names = [route.name for route in measured.routes]
    print_table(
        ("way", f"{metric.upper()} [95 %]", "tokens", "of best way", "questions"),
        [
            (
                row["name"][:_WIDEST_NAME],
                f"{row['score']:.3f} [{row['low']:.3f}, {row['high']:.3f}]",
                f"{row['tokens']:,.0f}",
                f"{row['kept']:.0%} for {row['share']:.0%}",
                " / ".join(str(count) for count in row["questions"].values()),
            )
            for row in rows
        ],
    )
    note("of best way: the share of its score for the share of its tokens")
    note("questions: how many went each way, in this order:")
    for name in names:
        note(f"  {name}")
    for path in files:
        note(f"written: {path}")


def _numbered(measured: "Measured") -> "list[tuple[int, Any]]":
    return list(enumerate(measured.routes))


def _row(measured: "Measured", name: str, metric: str, taken: Any) -> dict[str, Any]:
    import numpy as np

    from ragreason.evaluation.statistics import bootstrap_interval

    places = np.arange(len(measured.ids))
    ways = np.broadcast_to(taken, places.shape)
    scores, tokens = measured.scores[ways, places], measured.tokens[ways, places]
    best, most = measured.scores[measured.best].mean(), measured.tokens[measured.best].mean()
    value, low, high = bootstrap_interval(scores)
    return {
        "name": name,
        "metric": metric,
        "score": value,
        "low": low,
        "high": high,
        "tokens": float(tokens.mean()),
        "kept": float(scores.mean() / best) if best else 1.0,
        "share": float(tokens.mean() / most) if most else 1.0,
        "questions": {
            route.name: int(np.sum(ways == number)) for number, route in _numbered(measured)
        },
    }
