"""PDF: the text of each page. Offsets are those of the extracted text."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ragreason.corpus.document import Document, Section
from ragreason.corpus.files import read_bytes, title_of
from ragreason.errors import CorpusError

_BETWEEN_PAGES = "\n\n"


def load_pdf(path: Path) -> Document:
    """One document with a section a page. Raises CorpusError for a file that is damaged, locked by
    a password, or has no text (a scan).
    """
    title, pages = _read(path)
    sections, text = [], ""
    for number, page in enumerate(pages, 1):
        if page:
            text += _BETWEEN_PAGES if text else ""
            sections.append(Section(len(text), len(text) + len(page), title, number))
            text += page
    if not sections:
        raise CorpusError(f"{path}: no text in {len(pages)} pages; a scan needs OCR first")
    return Document(str(path), str(path), title, text, tuple(sections))


def _read(path: Path) -> tuple[str, list[str]]:
    from io import BytesIO

    from pypdf import PdfReader

    data = BytesIO(read_bytes(path))
    try:
        with _quiet():
            return _parse(path, PdfReader(data))
    except CorpusError:
        raise
    except Exception as error:  # pypdf lets many kinds out of damaged files
        raise CorpusError(f"{path}: not a readable PDF: {type(error).__name__} {error}") from error


def _parse(path: Path, reader: Any) -> tuple[str, list[str]]:
    if reader.is_encrypted and not reader.decrypt(""):
        raise CorpusError(f"{path}: locked by a password; save a copy without one")
    title = (reader.metadata.title if reader.metadata else None) or ""
    return title.strip() or title_of(path), [p.extract_text().strip() for p in reader.pages]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without pypdf's remarks about damage that it could mend, or that the error names anyway."""
    logger = logging.getLogger("pypdf")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
