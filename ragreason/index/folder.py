"""The index folder: written whole or not at all, checked when opened.

manifest.json             what is in it; replaced last, in one step
data-HASH/                named by its contents
    passages.arrow        passages, memory-mapped
    vectors.npy           (passages, dim) float32 unit vectors, memory-mapped
    sparse/               BM25 scores by bm25s, memory-mapped
links-*.npz               entities and passages as a graph, once something has asked for it
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from threading import Lock

from ragreason.errors import IndexFolderError
from ragreason.index.flat import FlatIndex, read_vectors, write_vectors
from ragreason.index.links import Links
from ragreason.index.links_file import open_links
from ragreason.index.manifest import (
    MANIFEST,
    File,
    Manifest,
    Source,
    check_files,
    describe,
    read_manifest,
)
from ragreason.index.passages import PassageStore, write_passages
from ragreason.index.sparse import K1, B, SparseIndex, write_sparse
from ragreason.protocols import Floats
from ragreason.settings import settings
from ragreason.text.tokens import Tokenizer
from ragreason.types import Passage

_PASSAGES = "passages.arrow"
_VECTORS = "vectors.npy"
_SPARSE = "sparse"
_DATA = "data-"
_UNFINISHED = ".unfinished-"
_LOCK = ".lock"


@dataclass(frozen=True)
class Contents:
    """What goes into an index: (passage, source) pairs, distinct ids first, and their vectors.

    `vectors` has a row for each of the first `len(vectors)` passages; the rest are duplicates.
    """

    passages: Sequence[tuple[Passage, str]]
    vectors: Floats
    embedder: str
    bm25: dict[str, float] = field(default_factory=lambda: {"k1": K1, "b": B})


class IndexFolder:
    """An open index. Its files are mapped at once: it outlives a replacement of the folder."""

    def __init__(self, path: Path, manifest: Manifest, tokenizer: Tokenizer) -> None:
        data = path / manifest.data
        self.path = path
        self.manifest = manifest
        self.passages = PassageStore(data / _PASSAGES, manifest.passages)
        self.vectors = read_vectors(data / _VECTORS)  # (passages, dim)
        _check_sizes(path, manifest, len(self.passages), self.vectors.shape)
        self.sparse = SparseIndex(data / _SPARSE, tokenizer)
        self._linking = Lock()

    @cached_property
    def flat(self) -> FlatIndex:
        """Search by vector; a copy of the vectors in memory, made when first asked for."""
        return FlatIndex(self.vectors, settings().retrieval_device)

    @property
    def links(self) -> Links:
        """Entities and passages as a graph; made when first asked for, and kept beside the data.

        May take long; from several threads at once it is made by the first.
        """
        with self._linking:
            return self._links

    @cached_property
    def _links(self) -> Links:
        return open_links(self.path, self.manifest.data, self.passages)


def open_index(path: Path, *, verify: bool = False) -> IndexFolder:
    """Open an index after checking its files: sizes, small files' hashes; all with `verify`.

    Raises IndexFolderError for a folder that is missing, damaged, of another version or tokenizer.
    """
    tokenizer = Tokenizer()
    manifest = read_manifest(path)
    if manifest.tokenizer != tokenizer.name:
        raise IndexFolderError(
            f"{path}: its terms are by tokenizer '{manifest.tokenizer}', this ragreason has "
            f"'{tokenizer.name}'; rebuild it: ragreason index build PATH... --out {path}"
        )
    try:
        check_files(path, manifest, everything=verify)
        return IndexFolder(path, manifest, tokenizer)
    except (IndexFolderError, FileNotFoundError):
        if read_manifest(path) == manifest:
            raise
        return open_index(path, verify=verify)  # it was replaced while we were opening it


def write_index(path: Path, contents: Contents, base: Manifest | None = None) -> Manifest:
    """Write or replace the index at `path`; readers see the old one or the new one, never both.

    Files of the old index stay readable for those who have them open. `base` is the index that
    `contents` were made of: another one found in its place is left alone, so that no change is
    lost. Raises IndexFolderError then, if the folder holds other things or can't be written, or if
    another process is writing there.
    """
    check_writable(path)
    _make_folder(path)
    with _locked(path), _unfinished(path) as draft:
        if base is not None and read_manifest(path) != base:
            raise IndexFolderError(
                f"{path}: another process changed this index meanwhile; run the command again"
            )
        _write_files(draft, contents)
        files = {
            file.relative_to(draft).as_posix(): describe(file)
            for file in sorted(draft.rglob("*"))
            if file.is_file()
        }
        manifest = _manifest(contents, files)
        if not _is_sound(path, manifest):
            shutil.rmtree(path / manifest.data, ignore_errors=True)
            draft.rename(path / manifest.data)
        _replace_manifest(path, manifest)
        for old in path.glob(f"{_DATA}*"):
            if old.name != manifest.data:
                shutil.rmtree(old, ignore_errors=True)
    return manifest


def _check_sizes(path: Path, manifest: Manifest, rows: int, vectors: tuple[int, ...]) -> None:
    expected = manifest.passages + manifest.duplicates, (manifest.passages, manifest.dim)
    if (rows, vectors) != expected:
        raise IndexFolderError(
            f"{path}: damaged {MANIFEST}: {rows} passages and vectors {vectors}, expected "
            f"{expected[0]} and {expected[1]}; rebuild it: ragreason index build PATH... "
            f"--out {path}"
        )


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
        (path / _LOCK).touch()
    except OSError as error:
        raise IndexFolderError(
            f"{path}: can't be written: {error.strerror or error}; give another folder"
        ) from error


def _is_sound(path: Path, manifest: Manifest) -> bool:
    """Whether the same files are there already, undamaged."""
    try:
        check_files(path, manifest, everything=True)
    except IndexFolderError:
        return False
    return True


def check_writable(path: Path) -> None:
    """Raise IndexFolderError unless `path` is free, empty, or an index."""
    if path.exists() and not path.is_dir():
        raise IndexFolderError(f"{path}: a file is in the way; give a folder")
    if not path.exists() or (path / MANIFEST).exists():
        return
    foreign = [p.name for p in path.iterdir() if not p.name.startswith((_UNFINISHED, _DATA, _LOCK))]
    if foreign:
        raise IndexFolderError(
            f"{path}: holds other things ('{sorted(foreign)[0]}') and no index; give a new folder"
        )


def _write_files(draft: Path, contents: Contents) -> None:
    write_passages(draft / _PASSAGES, contents.passages)
    write_vectors(draft / _VECTORS, contents.vectors)
    store = PassageStore(draft / _PASSAGES, len(contents.vectors))
    bm25 = contents.bm25
    write_sparse(draft / _SPARSE, store.texts(), k1=bm25["k1"], b=bm25["b"], tokenizer=Tokenizer())


def _manifest(contents: Contents, files: dict[str, File]) -> Manifest:
    searchable, dim = contents.vectors.shape
    name = sha256("".join(f"{n}{f.sha256}" for n, f in files.items()).encode()).hexdigest()[:16]
    return Manifest(
        embedder=contents.embedder,
        dim=dim,
        tokenizer=Tokenizer().name,
        bm25=contents.bm25,
        passages=searchable,
        duplicates=len(contents.passages) - searchable,
        sources=_sources(contents.passages),
        data=_DATA + name,
        files=files,
    )


def _sources(passages: Sequence[tuple[Passage, str]]) -> tuple[Source, ...]:
    counts = Counter(source for _, source in passages)
    digests = {source: sha256() for source in counts}
    for passage, source in passages:
        digests[source].update(passage.id.encode())
    return tuple(
        Source(path=source, passages=count, sha256=digests[source].hexdigest())
        for source, count in counts.items()
    )


def _replace_manifest(path: Path, manifest: Manifest) -> None:
    draft = path / f"{_UNFINISHED}{MANIFEST}"
    with draft.open("w", encoding="utf-8") as file:
        file.write(manifest.model_dump_json(indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path / MANIFEST)


@contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """A folder beside the data; what is left of it in the end, or by a killed run, is removed."""
    for left in path.glob(f"{_UNFINISHED}*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
    draft = path / f"{_UNFINISHED}{os.getpid()}"  # alone: the lock is held
    draft.mkdir()
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the folder for writing; freed by the system if the process dies."""
    import fcntl

    with (path / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise IndexFolderError(f"{path}: another process is writing this index") from error
        yield
