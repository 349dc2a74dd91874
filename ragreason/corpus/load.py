"""Files and folders to documents, by suffix."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ragreason.corpus.document import Document
from ragreason.corpus.files import read_text, title_of
from ragreason.corpus.html import load_html
from ragreason.corpus.markdown import load_markdown
from ragreason.corpus.pdf import load_pdf
from ragreason.corpus.records import Fields, load_csv, load_json, load_jsonl
from ragreason.errors import CorpusError

Skip = Callable[[Path, str], None]
"""Told of each file of a folder that was left out, and why."""

_RECORDS = {".jsonl": load_jsonl, ".ndjson": load_jsonl, ".json": load_json}
_RECORDS |= {".csv": load_csv, ".tsv": load_csv}
_SINGLE = {".md": load_markdown, ".markdown": load_markdown, ".pdf": load_pdf}
_SINGLE |= {".html": load_html, ".htm": load_html, ".xhtml": load_html}
_PLAIN = frozenset({".txt", ".text", ".rst"})


def load(
    paths: Sequence[Path],
    fields: Fields | None = None,
    *,
    whole: bool = False,
    on_skip: Skip | None = None,
) -> Iterator[Document]:
    """The documents of files and folders, in order; folders recursively, sorted by path.

    A file that is named raises CorpusError if it can't be read. Files inside a folder that can't be
    read or are of no known kind are passed to `on_skip` and left out; hidden ones silently.
    `whole` keeps each document in one passage.
    """
    for path in paths:
        if path.is_dir():
            yield from _load_folder(path, fields, whole, on_skip)
        elif path.is_file():
            yield from load_file(path, fields, whole=whole)
        else:
            raise CorpusError(f"{path}: no such file or folder")


def load_file(path: Path, fields: Fields | None = None, *, whole: bool = False) -> list[Document]:
    """The documents of one file. A suffix that is not known is read as plain text."""
    suffix = path.suffix.lower()
    if suffix in _RECORDS:
        return _RECORDS[suffix](path, fields, whole=whole)
    document = _SINGLE[suffix](path) if suffix in _SINGLE else load_plain(path)
    return [replace(document, whole=whole)] if document.text.strip() else []


def load_plain(path: Path) -> Document:
    """A text file: one document, titled by its name."""
    return Document(str(path), str(path), title_of(path), read_text(path))


def _load_folder(
    folder: Path, fields: Fields | None, whole: bool, on_skip: Skip | None
) -> Iterator[Document]:
    for path in _files(folder):
        try:
            if path.suffix.lower() not in {*_RECORDS, *_SINGLE, *_PLAIN}:
                raise CorpusError(f"{path}: no known kind of document ('{path.suffix}')")
            documents = load_file(path, fields, whole=whole)
        except CorpusError as error:
            if on_skip is not None:
                on_skip(path, str(error).removeprefix(f"{path}: "))
        else:
            yield from documents


def _files(folder: Path) -> list[Path]:
    """All files below, sorted, without hidden ones and what lies in hidden folders."""
    found = (p for p in folder.rglob("*") if p.is_file())
    return sorted(
        p for p in found if not any(part.startswith(".") for part in p.relative_to(folder).parts)
    )
