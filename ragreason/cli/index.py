"""`ragreason index`: build, inspect, search and change indexes."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragreason.cli.output import Json, note, print_fields, print_json, print_listing, print_table

if TYPE_CHECKING:
    from ragreason.retrieval.build import Built, Progress
    from ragreason.types import Hit

app = typer.Typer(help="Build, inspect and search indexes.", no_args_is_help=True)

_SHOWN_SKIPS = 5
_SHOWN_CHARS = 160

Paths = Annotated[list[Path], typer.Argument(help="Files, folders or dataset files.")]
Index = Annotated[
    Path | None, typer.Option("--index", help="The index; by default the one of the settings.")
]
Fields = Annotated[
    str | None,
    typer.Option(help="Which fields of JSONL, JSON and CSV to read: title=NAME,text=NAME,id=NAME."),
]
EmbedderName = Annotated[
    str | None, typer.Option("--embedder", help="minilm, hashing, or a model's folder.")
]
Whole = Annotated[bool, typer.Option("--whole", help="Never cut a document: one passage each.")]
ChunkTokens = Annotated[int | None, typer.Option(help="The most tokens a passage has.")]
ChunkOverlap = Annotated[int | None, typer.Option(help="Tokens that neighbours share.")]


@app.command()
def build(
    paths: Paths,
    out: Annotated[Path, typer.Option("--out", help="The folder to write.")],
    fields: Fields = None,
    embedder: EmbedderName = None,
    whole: Whole = False,
    chunk_tokens: ChunkTokens = None,
    chunk_overlap: ChunkOverlap = None,
    json: Json = False,
) -> None:
    """Index documents; what an index at --out holds already is not embedded again."""
    from ragreason.retrieval.build import build_index
    from ragreason.settings import load_settings

    chosen = load_settings(
        embedder=embedder, chunk_tokens=chunk_tokens, chunk_overlap=chunk_overlap
    )
    skipped: list[tuple[Path, str]] = []
    with _progress() as progress:
        built = asyncio.run(
            build_index(
                paths,
                out,
                chosen,
                fields=_fields(fields),
                whole=whole,
                on_skip=lambda path, why: skipped.append((path, why)),
                progress=progress,
            )
        )
    _report(out, built, skipped, json)


@app.command()
def add(
    paths: Paths,
    index: Index = None,
    fields: Fields = None,
    embedder: EmbedderName = None,
    whole: Whole = False,
    chunk_tokens: ChunkTokens = None,
    chunk_overlap: ChunkOverlap = None,
    json: Json = False,
) -> None:
    """Add documents to an index, or replace them there."""
    from ragreason.retrieval.build import add_documents
    from ragreason.settings import load_settings

    chosen = load_settings(
        index=index, embedder=embedder, chunk_tokens=chunk_tokens, chunk_overlap=chunk_overlap
    )
    skipped: list[tuple[Path, str]] = []
    folder = _index(chosen.index)
    with _progress() as progress:
        built = asyncio.run(
            add_documents(
                paths,
                folder,
                chosen,
                fields=_fields(fields),
                whole=whole,
                on_skip=lambda path, why: skipped.append((path, why)),
                progress=progress,
            )
        )
    _report(folder, built, skipped, json)


@app.command()
def delete(
    documents: Annotated[list[str], typer.Argument(help="Ids of documents, or paths of files.")],
    index: Index = None,
    json: Json = False,
) -> None:
    """Delete documents from an index."""
    from ragreason.retrieval.build import delete_documents
    from ragreason.settings import load_settings

    folder = _index(load_settings(index=index).index)
    _report(folder, asyncio.run(delete_documents(documents, folder)), [], json)


@app.command()
def info(
    index: Index = None,
    verify: Annotated[bool, typer.Option("--verify", help="Check every byte.")] = False,
    json: Json = False,
) -> None:
    """Show what an index holds, after checking it."""
    from ragreason.index.folder import open_index
    from ragreason.settings import load_settings

    folder = _index(load_settings(index=index).index)
    manifest = open_index(folder, verify=verify).manifest
    if json:
        print_json({"index": folder, **manifest.model_dump()})
        return
    print_fields(
        {
            "index": folder,
            "passages": manifest.passages,
            "duplicates": manifest.duplicates,
            "embedder": f"{manifest.embedder} ({manifest.dim} dimensions)",
            "tokenizer": manifest.tokenizer,
            "bytes": sum(file.bytes for file in manifest.files.values()),
        }
    )
    print_table(["source", "passages"], [(s.path, s.passages) for s in manifest.sources])


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    index: Index = None,
    k: Annotated[int, typer.Option("-k", help="How many passages.", min=1)] = 5,
    retriever: Annotated[
        str | None, typer.Option(help="hybrid, dense, bm25 or graph_walk.")
    ] = None,
    embedder: EmbedderName = None,
    where: Annotated[
        list[str] | None, typer.Option(help="Only passages whose metadata fit: NAME=VALUE.")
    ] = None,
    json: Json = False,
) -> None:
    """Show the passages that fit a query best."""
    from ragreason.retrieval.open import open_retriever
    from ragreason.settings import load_settings

    chosen = load_settings(index=index, retriever=retriever, embedder=embedder)
    opened = open_retriever(_index(chosen.index), chosen.retriever, chosen)
    hits = asyncio.run(opened.retrieve([query], k, _where(where or [])))[0]
    if json:
        print_json({"query": query, "retriever": opened.name, "hits": hits})
        return
    if not hits:
        note("nothing found")
    columns = ["rank", "score", "title", "text", "document"]
    print_listing(columns, [_row(hit) for hit in hits], under=2)


def _row(hit: "Hit") -> tuple[object, ...]:
    passage = hit.passage
    text = " ".join(passage.text.split())
    shown = text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"
    page = f", page {passage.page}" if passage.page else ""
    return hit.rank, hit.score, passage.title, shown, f"{passage.document}{page}"


def _report(folder: Path, built: "Built", skipped: list[tuple[Path, str]], json: bool) -> None:
    if json:
        print_json(
            {
                "index": folder,
                "passages": built.manifest.passages,
                "embedded": built.embedded,
                "duplicates": built.manifest.duplicates,
                "embedder": built.manifest.embedder,
                "sources": built.manifest.sources,
                "skipped": [{"path": path, "why": why} for path, why in skipped],
            }
        )
        return
    for path, why in skipped[:_SHOWN_SKIPS]:
        note(f"left out {path}: {why}")
    if len(skipped) > _SHOWN_SKIPS:
        note(f"left out {len(skipped) - _SHOWN_SKIPS} more; --json lists them all")
    kept = built.manifest.passages - built.embedded
    typer.echo(
        f"{folder}: {built.manifest.passages} passages of {len(built.manifest.sources)} files "
        f"({built.embedded} embedded now, {kept} kept)"
    )


def _index(folder: Path | None) -> Path:
    from ragreason.errors import ConfigError

    if folder is None:
        raise ConfigError("no index given; name one: --index DIR, or RAGREASON_INDEX=DIR")
    return folder


def _fields(text: str | None) -> dict[str, str] | None:
    return _pairs(text.split(","), "--fields") if text else None


def _where(pairs: list[str]) -> dict[str, list[str | int | float | bool]]:
    """Values as text, and as the number or truth value that the text may be."""
    return {name: _readings(value) for name, value in _pairs(pairs, "--where").items()}


def _readings(value: str) -> list[str | int | float | bool]:
    found: list[str | int | float | bool] = [value]
    for kind in (int, float):
        try:
            found.append(kind(value))
        except ValueError:
            continue
    return [*found, value == "true"] if value in {"true", "false"} else found


def _pairs(texts: list[str], option: str) -> dict[str, str]:
    from ragreason.errors import ConfigError

    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name.strip() and equals and value.strip()):
            raise ConfigError(f"{option} '{text}': expected NAME=VALUE")
        pairs[name.strip()] = value.strip()
    return pairs


@contextmanager
def _progress() -> Iterator["Progress"]:
    """A bar on standard error, shown on terminals only, from the first report on."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=None)

        def report(done: int, total: int) -> None:
            bar.update(task, description="embedding", completed=done, total=total)

        yield report
