"""`ragreason data synth`: a synthetic world of any size."""

from pathlib import Path
from typing import Annotated

import typer

from ragreason.cli.output import Json, note, print_json


def synth(
    out: Annotated[Path, typer.Option(help="The folder to write: new, or an earlier world's.")],
    questions: Annotated[int, typer.Option(min=1, help="How many questions.")] = 100,
    hops: Annotated[str, typer.Option(help="Documents a question needs: 3, or 2-4.")] = "2-4",
    seed: Annotated[int, typer.Option(help="Same seed and options, same bytes.")] = 0,
    json: Json = False,
) -> None:
    """Write a synthetic world: documents, and multi-hop questions with proved answers.

    Index DIR/documents, and evaluate on world:DIR.
    """
    from ragreason.worlds.files import check_target, summarize, write_world
    from ragreason.worlds.synthesize import parse_hops, synthesize

    span = parse_hops(hops)
    check_target(out)
    world = synthesize(questions, span, seed)
    write_world(world, out, span)
    if json:
        print_json({"folder": str(out), **summarize(world, span)})
        return
    note(f"{len(world.questions)} questions over {len(world.documents)} documents: {out}")
    note(f"index it:   ragreason index build {out / 'documents'} --out INDEX")
    note(f"score on it: ragreason eval naive_rag --data world:{out} --index INDEX")
