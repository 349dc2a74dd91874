"""`ragreason data`: which dataset layouts are read, files in one layout, synthetic worlds."""

from pathlib import Path
from typing import Annotated

import typer

from ragreason.cli.output import Json, note, print_fields, print_json, print_table
from ragreason.cli.selection import (
    Fields,
    Hops,
    Sample,
    SampleSeed,
    Split,
    Types,
    chosen,
)
from ragreason.cli.synth import synth

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="List, make and convert datasets."
)


@app.command(name="list")
def list_(json: Json = False) -> None:
    """List the dataset layouts that --data takes."""
    from ragreason.datasets import LOADERS

    rows = [(name, text) for name, (_, text) in LOADERS.items()]
    if json:
        print_json([{"name": name, "what": text} for name, text in rows])
    else:
        print_table(("name", "what"), rows)


@app.command()
def show(
    data: Annotated[str, typer.Argument(help="NAME:PATH, as in `ragreason eval --data`.")],
    split: Split = "",
    field: Fields = None,
    types: Types = None,
    hops: Hops = None,
    sample: Sample = None,
    sample_seed: SampleSeed = 0,
    json: Json = False,
) -> None:
    """Say what a dataset holds: questions by type and hops, passages, supports."""
    from ragreason.datasets.describe import describe

    found = describe(chosen(data, field, split, types, hops, sample, sample_seed))
    if json:
        print_json(found)
        return
    groups = {name: found.pop(name) for name in ("types", "hops")}
    print_fields(found)
    for name, counts in groups.items():
        if counts:
            print_table((name, "questions"), list(counts.items()))


@app.command()
def convert(
    data: Annotated[str, typer.Argument(help="NAME:PATH, as in `ragreason eval --data`.")],
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many questions.")] = None,
    split: Split = "",
    field: Fields = None,
    types: Types = None,
    hops: Hops = None,
    sample: Sample = None,
    sample_seed: SampleSeed = 0,
    json: Json = False,
) -> None:
    """Write a dataset as a world: questions.jsonl, and documents/ to be indexed.

    The result loads as world:DIR, with the same questions, answers and supports.
    """
    from ragreason.datasets.write import write_world

    dataset = chosen(data, field, split, types, hops, sample, sample_seed)
    written = write_world(dataset, out, limit)
    if json:
        print_json({"folder": str(out), "questions": written, "passages": len(dataset.passages)})
    else:
        note(f"{written} questions and {len(dataset.passages)} passages: {out}")


app.command()(synth)
