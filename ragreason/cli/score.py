"""`ragreason score`: recorded predictions against a dataset, without running anything."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragreason.cli.output import Json, note, print_json, print_table
from ragreason.cli.selection import (
    Data,
    Fields,
    Hops,
    Sample,
    SampleSeed,
    Split,
    Types,
    chosen,
)

if TYPE_CHECKING:
    from ragreason.evaluation.score import Judged, Scored

_ROOM = 70
_PERCENT = frozenset({"2wikimultihopqa"})
"""Datasets whose script prints percent."""


def score(
    predictions: Annotated[
        Path, typer.Argument(help="A file of predictions, or a folder that `ragreason eval` wrote.")
    ],
    data: Data,
    split: Split = "",
    field: Fields = None,
    types: Types = None,
    hops: Hops = None,
    sample: Sample = None,
    sample_seed: SampleSeed = 0,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many questions, in file order.")
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(help="A model that judges the answers too; its agreement with EM is told."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The seed of the resampling.")] = 0,
    json: Json = False,
) -> None:
    """Score recorded predictions by their dataset's official metrics, with 95 % intervals.

    Formats: HotpotQA's and 2WikiMultihopQA's {"answer": {id: text}, "sp": ..., "evidence": ...},
    MuSiQue's lines with predicted_answer and predicted_support_idxs, {id: text}, and lines with id
    and prediction. A question without a prediction scores 0.
    """
    from dataclasses import replace

    from ragreason.evaluation.score import as_document, score_predictions

    dataset = chosen(data, field, split, types, hops, sample, sample_seed)
    scored = score_predictions(predictions, replace(dataset, examples=dataset.examples[:limit]))
    judged = None if judge is None else _judge(judge, scored)
    document = as_document(scored, seed=seed)
    if judged is not None:
        document["judge"] = _judge_document(str(judge), judged, seed)
    _tell_ids(scored)
    if json:
        print_json(document)
    else:
        _print(document)


def _judge(model: str, scored: "Scored") -> "Judged":
    import asyncio

    from ragreason.evaluation.score import judge_scored
    from ragreason.generation.open import open_engine

    async def work() -> "Judged":
        engine = open_engine(model)
        try:
            return await judge_scored(engine, scored)
        finally:
            await engine.aclose()

    return asyncio.run(work())


def _judge_document(model: str, judged: "Judged", seed: int) -> dict[str, Any]:
    from dataclasses import asdict

    from ragreason.evaluation.statistics import bootstrap_interval

    values = [float(right) for right in judged.right]
    figure = {**bootstrap_interval(values, seed=seed)._asdict(), "n": len(values)}
    return {"model": model, **figure, "agreement_with_em": asdict(judged.with_em)}


def _tell_ids(scored: "Scored") -> None:
    if scored.missing:
        count = f"{len(scored.missing):,} of {len(scored.dataset.examples):,}"
        note(f"{count} questions have no prediction and score 0:\n  {_some(scored.missing)}")
    if scored.unknown:
        count = f"{len(scored.unknown):,}"
        note(f"{count} predictions are for other questions:\n  {_some(scored.unknown)}")


def _some(ids: Sequence[str]) -> str:
    """As many as fit the line."""
    shown = ids[0]
    for name in ids[1:]:
        if len(shown) + len(name) > _ROOM:
            return f"{shown}, ..."
        shown += f", {name}"
    return shown


def _print(document: Mapping[str, Any]) -> None:
    scale = 100 if document["dataset"] in _PERCENT else 1
    rows = [_row(name, figure, scale) for name, figure in document["metrics"].items()]
    judge = document.get("judge")
    if judge:
        rows.append(_row("judge", judge, scale))
    print_table((document["dataset"], "value", "[95 %]", "n"), rows)
    if judge:
        found = judge["agreement_with_em"]
        kappa = "undefined" if found["kappa"] is None else f"{found['kappa']:.3f}"
        typer.echo(
            f"judge and EM agree on {found['accuracy']:.1%} of {found['n']:,} answers (kappa "
            f"{kappa});"
        )
        typer.echo(
            f"right for the judge only {found['only_first']:,}, for EM only "
            f"{found['only_second']:,}"
        )


def _row(name: str, figure: Mapping[str, Any], scale: int) -> Sequence[object]:
    digits = 2 if scale == 100 else 3
    value, low, high = (f"{figure[part] * scale:.{digits}f}" for part in ("value", "low", "high"))
    return (name, value, f"[{low}, {high}]", figure["n"])
