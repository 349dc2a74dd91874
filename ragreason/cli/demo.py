"""`ragreason demo`: the main job, end to end, on the sample corpus with the default model."""

import sys
from pathlib import Path
from random import Random
from shutil import which
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from ragreason.cli.output import Json, note, print_json

if TYPE_CHECKING:
    from ragreason.datasets.example import Example
    from ragreason.runner import Run
    from ragreason.settings import Settings

CORPUS = "vessmark"


def demo(
    graph: Annotated[str, typer.Option(help="The graph that answers.")] = "corrective",
    questions: Annotated[int, typer.Option(min=1, help="How many, drawn by seed.")] = 3,
    seed: Annotated[int, typer.Option(help="Draws the questions.")] = 1,
    model: Annotated[str | None, typer.Option(help="Another engine.")] = None,
    json: Json = False,
) -> None:
    """Answer multi-hop questions about the sample corpus, an invented island."""
    import asyncio

    from ragreason.settings import load_settings

    settings = load_settings(model=model)
    drawn = _draw(questions, seed)
    runs = asyncio.run(_answer_all(graph, drawn, settings, seed=seed, quiet=json))
    right = [_is_right(run.answer.text, ex) for run, ex in zip(runs, drawn, strict=True)]
    if json:
        print_json(
            [
                {
                    "question": ex.question.text,
                    "gold": ex.gold.answers,
                    "right": ok,
                    "answer": run.answer,
                }
                for run, ex, ok in zip(runs, drawn, right, strict=True)
            ]
        )
        return
    typer.echo(f"\n{sum(right)} of {len(right)} right, by {settings.model}. Ask your own:")
    command = "ragreason" if which("ragreason") else Path(sys.argv[0])
    typer.echo(f'{command} run {graph} \\\n  --index {index_folder(settings)} "QUESTION"')


def corpus_folder() -> Path:
    """Where the sample corpus lies: in an installed wheel, or in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_data" / "corpora"
    return (installed if installed.is_dir() else package.parent / "corpora") / CORPUS


def index_folder(settings: "Settings") -> Path:
    """Where the demo keeps the corpus's index."""
    return settings.resolved_home() / "indexes" / CORPUS


async def built_index(settings: "Settings") -> Path:
    """The sample corpus's index, built or brought up to date."""
    from ragreason.retrieval.build import build_index

    index = index_folder(settings)
    await build_index([corpus_folder() / "documents"], index, settings)
    return index


def _draw(count: int, seed: int) -> "list[Example]":
    from ragreason.datasets.load import load_dataset

    examples = load_dataset(f"world:{corpus_folder()}").examples
    return Random(seed).sample(list(examples), min(count, len(examples)))


async def _answer_all(
    graph: str, examples: "list[Example]", settings: "Settings", *, seed: int, quiet: bool
) -> "list[Run]":
    from ragreason.cli.show import answer_lines, event_lines
    from ragreason.events import TraceEvent
    from ragreason.runner import open_runner

    def tell(event: TraceEvent) -> None:
        for line in event_lines(event):
            typer.echo(line)

    note(f"indexing {corpus_folder()}")
    note(f"asking {len(examples)} questions of {settings.model}, by {graph}")
    index = await built_index(settings)
    runs = []
    async with open_runner(graph, index=index, settings=settings) as runner:
        for example in examples:
            if not quiet:
                typer.echo("\n" + fill(example.question.text, 80))
            run = await runner.answer(example.question, seed=seed, on_event=None if quiet else tell)
            runs.append(run)
            if not quiet:
                for line in answer_lines(run.answer):
                    typer.echo(line)
                mark = "right" if _is_right(run.answer.text, example) else "wrong"
                typer.echo(f"{mark:<9}the answer is {example.gold.answers[0]}")
    return runs


def _is_right(text: str, example: "Example") -> bool:
    from ragreason.evaluation.answers import score_answer

    return score_answer(text, example.gold.answers).em == 1.0
