"""The closed corpus of a dataset as an index: made once, found again by what it holds."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from ragreason.datasets import Dataset
from ragreason.index.manifest import MANIFEST
from ragreason.retrieval.build import build_index
from ragreason.settings import Settings

_CORPUS = "passages.jsonl"


async def dataset_index(
    dataset: Dataset, settings: Settings, on_note: Callable[[str], None] | None = None
) -> Path | None:
    """The index of the union of the dataset's paragraphs, each whole; None if it has none.

    It lies in the settings' home under a name made of the passages' ids and the embedder, so the
    same paragraphs are embedded once, whatever file and selection they come from.
    """
    passages = dataset.passages
    if not passages:
        return None
    digest = hashlib.sha256("".join(sorted(p.id for p in passages)).encode()).hexdigest()[:16]
    embedder = "".join(c if c.isalnum() or c in "-." else "_" for c in settings.embedder)
    folder = settings.resolved_home() / "corpora" / f"{dataset.name}-{digest}"
    index = folder / embedder
    if not (index / MANIFEST).is_file():
        if on_note is not None:
            on_note(f"indexing the {len(passages):,} paragraphs of {dataset.path} (once)")
        folder.mkdir(parents=True, exist_ok=True)
        rows = [{"id": p.id, "title": p.title, "text": p.text} for p in passages]
        text = "".join(json.dumps(row, ensure_ascii=True) + "\n" for row in rows)
        (folder / _CORPUS).write_text(text, encoding="utf-8")
        await build_index([folder / _CORPUS], index, settings, whole=True)
    return index
