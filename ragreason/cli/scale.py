"""`ragreason scale`: accuracy against tokens for several strategies, over a range of budgets."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from ragreason.cli.eval import progress
from ragreason.cli.output import Json, note, print_json
from ragreason.cli.run import Allowed, Models, NoCache, Overrides, keeps, split_models
from ragreason.cli.selection import Fields, pairs

if TYPE_CHECKING:
    from ragreason.cli.simulated import Laboratory
    from ragreason.evaluation.calibration import Probed
    from ragreason.evaluation.candidates import Setting
    from ragreason.evaluation.graphs import Plan
    from ragreason.evaluation.points import Sweep

SIMULATED = "simulated"
"""What stands in a graph's place for the simulator."""


_GRAPHS_ONLY = frozenset(
    "data index model retriever limit offset metric set_ field concurrency no_cache".split()
)
_SIMULATED_ONLY = frozenset(
    "questions step_accuracy recovery depth verifier_auc verifier_tokens".split()
)
_CALIBRATION_ONLY = frozenset({"max_tokens", "probes", "bins"})


class Order(NamedTuple):
    """What is to be calibrated, and into which file."""

    file: Path
    max_tokens: float
    probes: int
    bins: int


def scale(
    context: typer.Context,
    graph: Annotated[str, typer.Argument(help="A shipped graph's name, a file, or 'simulated'.")],
    strategy: Annotated[
        list[str],
        typer.Option(help="NAME or NAME:PARAMETER=VALUE,...; NODE=NAME for one node of several."),
    ],
    budget: Annotated[
        str, typer.Option(help="Values of the parameter that scales a strategy, such as n.")
    ] = "1,2,4,8",
    data: Annotated[
        str | None, typer.Option(help="NAME:PATH; NAME as in `ragreason data list`.")
    ] = None,
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
    out: Annotated[Path | None, typer.Option(help="Where rows, figures and plots go.")] = None,
    metric: Annotated[Literal["em", "f1"], typer.Option(help="What is plotted.")] = "em",
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
    calibrate: Annotated[
        Path | None,
        typer.Option(help="Write here, as YAML, the compute_optimal strategy that this calls for."),
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="Calibrate: what a question may cost; else anything.")
    ] = None,
    probes: Annotated[
        int, typer.Option(min=1, max=64, help="Calibrate: samples that tell how hard it is.")
    ] = 4,
    bins: Annotated[int, typer.Option(min=1, help="Calibrate: classes of difficulty.")] = 3,
    questions: Annotated[int, typer.Option(min=1, help="Simulated: how many questions.")] = 2000,
    step_accuracy: Annotated[
        str, typer.Option(help="Simulated: how often a step is right; 0.6,0.9: so many kinds.")
    ] = "0.8",
    recovery: Annotated[
        float, typer.Option(help="Simulated: how often a step is right after a wrong one.")
    ] = 0.0,
    depth: Annotated[int, typer.Option(min=1, help="Simulated: steps to an answer.")] = 4,
    verifier_auc: Annotated[
        float, typer.Option(help="Simulated: the verifier's, 0.5 (useless) to 1.")
    ] = 0.8,
    verifier_tokens: Annotated[
        int, typer.Option(min=0, help="Simulated: what the verifier reads a step.")
    ] = 0,
    json: Json = False,
) -> None:
    """Plot accuracy against tokens for several strategies, over a range of budgets.

    Each point is an evaluation in a folder of its own, so the same command goes on after a kill.
    The graph 'simulated' stands for a reasoner and a verifier of known strength: thousands of
    questions and no model.
    """
    from ragreason.evaluation.candidates import all_settings, parse_budgets, parse_candidate

    if calibrate is None:
        _refuse(context, _CALIBRATION_ONLY, "needs --calibrate FILE")
    order = None if calibrate is None else Order(calibrate, max_tokens or inf, probes, bins)
    allowed = allow_import or []
    settings = all_settings([parse_candidate(s) for s in strategy], parse_budgets(budget), allowed)
    if graph == SIMULATED:
        _refuse(context, _GRAPHS_ONLY, "has no use with 'simulated'")
        strengths = (_numbers(step_accuracy), recovery, depth, verifier_auc, verifier_tokens)
        swept = _simulated(settings, questions, strengths, seed, out, allowed, order)
        _report(*swept, "accuracy", order, json=json)
        return
    _refuse(context, _SIMULATED_ONLY, "is for 'simulated' only")
    if data is None:
        raise typer.BadParameter("give --data NAME:PATH; only 'simulated' needs none")
    main, named = split_models(model)
    plan = _plan(
        (data, pairs(field or [])),
        out=out,
        index=index,
        parts={
            "model": main,
            "models": named,
            "retriever": retriever,
            "allow_imports": allowed,
            "cache": keeps(no_cache=no_cache),
        },
        overrides=set_ or (),
        seed=seed,
        offset=offset,
        limit=limit,
        concurrency=concurrency,
    )
    _report(*_evaluated(graph, settings, plan, order), metric, order, json=json)


def _calibrate(sweep: "Sweep", probed: "Probed", metric: str, order: Order) -> Any:
    from ragreason.evaluation.calibration import (
        FEW_QUESTIONS,
        calibrated,
        shared_questions,
        write_strategy,
    )

    _, max_tokens, _, bins = order
    strategy = calibrated(sweep.points, probed, metric, max_tokens=max_tokens, bins=bins)
    n = len(shared_questions(sweep.points, probed))
    if n < FEW_QUESTIONS:
        note(
            f"calibrated on {n} questions: with fewer than {FEW_QUESTIONS} the table is mostly "
            "chance; sweep more of them"
        )
    cost = "" if max_tokens == inf else f", at most {max_tokens:,} tokens a question"
    write_strategy(order.file, strategy, f"ragreason scale: {sweep.title}{cost}")
    return strategy


def _refuse(context: typer.Context, names: Collection[str], why: str) -> None:
    """Options that were given and would be dropped are mistakes."""
    for parameter in context.command.params:
        source = context.get_parameter_source(str(parameter.name))
        if parameter.name in names and source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(f"{parameter.opts[0]} {why}")


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"--step-accuracy {text}: expected numbers, as 0.6,0.9") from None


def _plan(data: tuple[str, Any], concurrency: int | None, **options: Any) -> "Plan":
    from ragreason.datasets import load_dataset
    from ragreason.evaluation.evaluate import select
    from ragreason.evaluation.graphs import Plan
    from ragreason.settings import load_settings

    dataset = load_dataset(*data)
    if not select(dataset, options["offset"], options["limit"]):
        raise typer.BadParameter(f"{dataset.path} has {len(dataset.examples)} questions only")
    return Plan(dataset, settings=load_settings(concurrency=concurrency), **options)


def _evaluated(
    graph: str, settings: "Sequence[Setting]", plan: "Plan", order: Order | None
) -> "tuple[Sweep, Probed | None]":
    import asyncio

    from ragreason.evaluation.calibration import check_choices, probe_graph
    from ragreason.evaluation.scale import scale_graph

    if order is not None:
        check_choices(settings)

    async def work(listener: Any) -> "tuple[Sweep, Probed | None]":
        sweep = await scale_graph(graph, settings, plan, listener)
        if order is None:
            return sweep, None
        node, here = settings[0].candidate.node, replace(plan, out=sweep.folder)
        return sweep, await probe_graph(graph, node, order.probes, here, listener)

    with progress() as listener:
        return asyncio.run(work(listener))


def _simulated(
    settings: "Sequence[Setting]",
    questions: int,
    strengths: tuple[list[float], float, int, float, int],
    seed: int,
    out: Path | None,
    allowed: Sequence[str],
    order: Order | None,
) -> "tuple[Sweep, Probed | None]":
    from ragreason.cli.simulated import laboratory, probe_simulated, scale_simulated
    from ragreason.evaluation.calibration import check_choices

    if order is not None:
        check_choices(settings)
    here: Laboratory = laboratory(questions, *strengths, seed)
    with progress() as listener:
        sweep = scale_simulated(settings, here, out, allowed, listener)
    return sweep, None if order is None else probe_simulated(here, order.probes)


def _report(
    sweep: "Sweep", probed: "Probed | None", metric: str, order: Order | None, *, json: bool
) -> None:
    """Keep figures and plots, show the figures, and leave with 1 if a question failed."""
    from ragreason.cli.scaling import print_points
    from ragreason.evaluation.plots import INSTALL, can_plot, plot_scaling
    from ragreason.evaluation.points import as_document, save

    written = [save(sweep)]
    if not any(point.n for point in sweep.points):
        note("no plot: no question was answered")
    elif not can_plot():
        note(f"no plot: it needs matplotlib; {INSTALL}")
    else:
        written += plot_scaling(sweep.points, metric, sweep.folder / "scale", sweep.title)
    table = {}
    if order is not None and probed is not None:
        table = {"calibrated": _calibrate(sweep, probed, metric, order)}
        written.append(order.file)
    if json:
        print_json({**as_document(sweep), **table, "files": written})
    else:
        print_points(sweep.points)
    for path in written:
        note(f"written: {path}")
    if sum(point.errors for point in sweep.points):
        note("questions that failed are not scored; the same command asks them again")
        raise typer.Exit(1)
