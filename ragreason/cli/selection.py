"""The options that choose a part of a dataset's questions, for every command that takes --data."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ragreason.datasets import Dataset

Data = Annotated[str, typer.Option(help="NAME:PATH; NAME as in `ragreason data list`.")]
Fields = Annotated[
    list[str] | None,
    typer.Option("--field", help="A generic file's column for one of our fields: question=Query."),
]
Split = Annotated[
    str, typer.Option(help="The split to take, of a folder or a hub that has several.")
]
Types = Annotated[
    list[str] | None, typer.Option("--type", help="Only questions of this type; repeatable.")
]
Hops = Annotated[
    list[int] | None, typer.Option("--hops", help="Only questions of so many hops; repeatable.")
]
Sample = Annotated[
    int | None,
    typer.Option(min=1, help="Only so many of them, drawn whatever the file's order is."),
]
SampleSeed = Annotated[int, typer.Option(help="What --sample is drawn by.")]


def chosen(
    data: str,
    field: list[str] | None = None,
    split: str = "",
    types: list[str] | None = None,
    hops: list[int] | None = None,
    sample: int | None = None,
    sample_seed: int = 0,
) -> "Dataset":
    """The dataset of these options. Raises BadParameter and DataError."""
    from ragreason.datasets import Selection, load_dataset

    dataset = load_dataset(data, pairs(field or []), split=split)
    return Selection(types or (), hops or (), sample, sample_seed).of(dataset)


def pairs(given: list[str]) -> dict[str, str] | None:
    """`--field NAME=COLUMN` as a mapping; None without any. Raises BadParameter."""
    parts = [text.partition("=") for text in given]
    wrong = next((name for name, equals, column in parts if not (equals and column)), None)
    if wrong is not None:
        raise typer.BadParameter(f"expected --field NAME=COLUMN, got '{wrong}'")
    return {name: column for name, _, column in parts} or None
