"""Files to an index folder: built, built again, added to, deleted from."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ragreason.corpus.chunk import chunk
from ragreason.corpus.load import Skip, load
from ragreason.embedding.batches import embed_passages
from ragreason.embedding.open import open_embedder
from ragreason.errors import ConfigError, CorpusError, IndexFolderError
from ragreason.index.folder import Contents, IndexFolder, check_writable, open_index, write_index
from ragreason.index.manifest import Manifest
from ragreason.index.passages import searchable_text
from ragreason.protocols import Embedder, Floats
from ragreason.retrieval.dense import check_embedder
from ragreason.settings import Settings, settings
from ragreason.types import Passage

Sourced = tuple[Passage, str]
Progress = Callable[[int, int], None]
"""Told how many passages have been embedded by now, of how many."""


@dataclass(frozen=True)
class Built:
    """What a build did: `embedded` passages are new, the other vectors were there already."""

    manifest: Manifest
    embedded: int


async def build_index(
    paths: Sequence[Path],
    out: Path,
    configuration: Settings | None = None,
    embedder: Embedder | None = None,
    fields: Mapping[str, str] | None = None,
    *,
    whole: bool = False,
    on_skip: Skip | None = None,
    progress: Progress | None = None,
) -> Built:
    """Index files, folders or datasets at `out`, replacing what was there in one step.

    Vectors of passages that an index at `out` holds already are taken from there. Raises
    CorpusError if there is nothing to index, IndexFolderError if `out` can't be written.
    """
    chosen = configuration or settings()
    check_writable(out)
    sourced = await asyncio.to_thread(_load, paths, chosen, fields, whole, on_skip)
    used = embedder or open_embedder(chosen.embedder)
    return await _write(out, sourced, used, _reusable(out, used), progress)


async def add_documents(
    paths: Sequence[Path],
    index_dir: Path,
    configuration: Settings | None = None,
    embedder: Embedder | None = None,
    fields: Mapping[str, str] | None = None,
    *,
    whole: bool = False,
    on_skip: Skip | None = None,
    progress: Progress | None = None,
) -> Built:
    """Add files to an index; documents that it holds already are replaced.

    Only new passages are embedded. Raises IndexFolderError and CorpusError as `build_index`.
    """
    chosen = configuration or settings()
    index = await asyncio.to_thread(open_index, index_dir, verify=True)
    used = embedder or open_embedder(chosen.embedder)
    check_embedder(index, used)
    sourced = await asyncio.to_thread(_load, paths, chosen, fields, whole, on_skip)
    replaced = {passage.document for passage, _ in sourced} | {source for _, source in sourced}
    kept = [
        (passage, source)
        for passage, source in index.passages.all()
        if passage.document not in replaced and source not in replaced
    ]
    return await _write(index_dir, kept + sourced, used, index, progress, index.manifest)


async def delete_documents(documents: Sequence[str], index_dir: Path) -> Built:
    """Delete documents by id, or all documents of a file by its path.

    Raises IndexFolderError that names those that are not there, or if nothing would be left.
    """
    index = await asyncio.to_thread(open_index, index_dir, verify=True)
    everything = list(index.passages.all())
    there = {passage.document for passage, _ in everything} | {source for _, source in everything}
    unknown = [document for document in documents if document not in there]
    if unknown:
        raise IndexFolderError(
            f"{index_dir}: holds no document '{unknown[0]}'; "
            f"see what it holds: ragreason index info --index {index_dir}"
        )
    kept = [(p, s) for p, s in everything if p.document not in documents and s not in documents]
    if not kept:
        raise IndexFolderError(f"{index_dir}: nothing would be left; delete the folder instead")
    distinct, duplicates = _distinct(kept)
    rows = {key: row for row, key in enumerate(index.passages.ids)}
    vectors = index.vectors[[rows[passage.id] for passage, _ in distinct]]
    contents = Contents([*distinct, *duplicates], vectors, index.manifest.embedder)
    written = await asyncio.to_thread(write_index, index_dir, contents, index.manifest)
    return Built(written, 0)


def _load(
    paths: Sequence[Path],
    chosen: Settings,
    fields: Mapping[str, str] | None,
    whole: bool,
    on_skip: Skip | None,
) -> list[Sourced]:
    if not paths:
        raise CorpusError("no files given; name files or folders to index")
    size, overlap = chosen.chunk_tokens, chosen.chunk_overlap
    if overlap >= size:
        raise ConfigError(f"chunk_overlap is {overlap}, expected less than chunk_tokens, {size}")
    skipped: list[str] = []

    def skip(path: Path, why: str) -> None:
        skipped.append(f"{path}: {why}")
        if on_skip is not None:
            on_skip(path, why)

    sourced = [
        (passage, document.source)
        for document in load(paths, fields, whole=whole, on_skip=skip)
        for passage in chunk(document, size, overlap)
    ]
    if not sourced:
        left_out = f" ({len(skipped)} left out, such as {skipped[0]})" if skipped else ""
        given = ", ".join(str(path) for path in paths)
        raise CorpusError(f"{given}: no text found, nothing to index{left_out}")
    return sourced


def _reusable(out: Path, embedder: Embedder) -> IndexFolder | None:
    """The sound index at `out`, if its vectors are of this embedder."""
    try:
        index = open_index(out, verify=True)
        check_embedder(index, embedder)
    except IndexFolderError:
        return None
    return index


async def _write(
    out: Path,
    sourced: Iterable[Sourced],
    embedder: Embedder,
    old: IndexFolder | None,
    progress: Progress | None,
    base: Manifest | None = None,
) -> Built:
    distinct, duplicates = _distinct(sourced)
    vectors: Floats = np.zeros((len(distinct), embedder.dim), dtype=np.float32)
    rows = {} if old is None else {key: row for row, key in enumerate(old.passages.ids)}
    new = []
    for i, (passage, _) in enumerate(distinct):
        if old is not None and passage.id in rows:
            vectors[i] = old.vectors[rows[passage.id]]
        else:
            new.append(i)
    texts = [searchable_text(distinct[i][0].title, distinct[i][0].text) for i in new]
    vectors[new] = await embed_passages(embedder, texts, progress)
    contents = Contents([*distinct, *duplicates], vectors, embedder.name)
    manifest = await asyncio.to_thread(write_index, out, contents, base)
    return Built(manifest, len(new))


def _distinct(sourced: Iterable[Sourced]) -> tuple[list[Sourced], list[Sourced]]:
    """First occurrences of each id, and the rest without exact repetitions."""
    first: dict[str, Sourced] = {}
    rest: dict[tuple[str, str, int], Sourced] = {}
    for passage, source in sourced:
        if first.setdefault(passage.id, (passage, source))[0] is not passage:
            rest[passage.document, passage.id, passage.start] = (passage, source)
    return list(first.values()), list(rest.values())
