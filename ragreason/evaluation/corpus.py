"""The closed corpus of a dataset as an index: made once, found again by what it holds."""

import hashlib
import json
from pathlib import Path

from filelock import FileLock

from ragreason.datasets import Dataset
from ragreason.evaluation.store import write_whole
from ragreason.index.folder import open_index
from ragreason.index.manifest import MANIFEST
from ragreason.retrieval.build import Progress, build_index
from ragreason.settings import Settings

_CORPUS = "passages.jsonl"
_LOCK = ".lock"


async def dataset_index(
    dataset: Dataset, settings: Settings, progress: Progress | None = None
) -> Path | None:
    """The index of the union of the dataset's paragraphs, each whole; None if it has none.

    It lies in the settings' home under a name made of the passages' ids and the embedder, so the
    same paragraphs are embedded once, whatever file and selection they come from. `progress` is
    told how many were embedded by now, of how many. Processes that want the same index wait for
    the one that makes it.
    """
    passages = dataset.passages
    if not passages:
        return None
    digest = hashlib.sha256("".join(sorted(p.id for p in passages)).encode()).hexdigest()[:16]
    embedder = "".join(c if c.isalnum() or c in "-." else "_" for c in settings.embedder)
    folder = settings.resolved_home() / "corpora" / f"{dataset.name}-{digest}"
    index = folder / embedder
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / _LOCK):
        if not (index / MANIFEST).is_file():
            rows = [{"id": p.id, "title": p.title, "text": p.text} for p in passages]
            text = "".join(json.dumps(row, ensure_ascii=True) + "\n" for row in rows)
            write_whole(folder / _CORPUS, text)
            await build_index([folder / _CORPUS], index, settings, whole=True, progress=progress)
    return index


def absent_supports(dataset: Dataset, index: Path) -> int:
    """How many of the dataset's supporting passages the index does not hold: they count as missed.

    An index of other texts, or of the same texts cut otherwise, holds none of them.
    """
    held = set(open_index(index).passages.ids)
    needed = {i for example in dataset.examples for i in example.gold.support_ids}
    return len(needed - held)
