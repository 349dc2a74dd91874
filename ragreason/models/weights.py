"""Which weights a name stands for, by the files' contents."""

import hashlib
from pathlib import Path

from ragreason.errors import ConfigError
from ragreason.models.fetch import is_path, located
from ragreason.settings import Settings

_PART, _SAMPLE = 1 << 20, 1 << 12
_PLACES = 4_096
_LOCAL = {"vllm", "transformers", "scripted", "replay"}


def weights_hash(model: str, settings: Settings) -> str:
    """16 hex digits over the names and sizes of the model's files, their first and last MiB, and
    4 KiB at even distances between these; empty where the model is on a server or not here.

    `model` is what settings and flags name engines by. Whole files are not read, because hashing
    tens of gigabytes takes minutes: files of one size that differ only between two of these places
    count as the same. These are 1 MiB apart, in files above 4 GiB so far that there are 4,096.
    Trained parts of a model are larger, its ends alone may be frozen.
    """
    files = _files(model, settings)
    digest = hashlib.sha256()
    for name, file in files:
        size = file.stat().st_size
        digest.update(f"{name} {size}\n".encode())
        with file.open("rb") as opened:
            digest.update(opened.read(_PART))
            for place in range(_PART, size - _PART, max(_PART, size // _PLACES)):
                opened.seek(place)
                digest.update(opened.read(_SAMPLE))
            opened.seek(max(0, size - _PART))
            digest.update(opened.read(_PART))
    return digest.hexdigest()[:16] if files else ""


def _files(model: str, settings: Settings) -> list[tuple[str, Path]]:
    kind, colon, rest = model.partition(":")
    name = rest if colon and kind in _LOCAL else model
    try:
        given = Path(name).expanduser()
        path = given if is_path(name) or given.is_file() else located(name, settings)
    except ConfigError:
        return []
    if path is None or not path.exists():
        return []
    if path.is_file():
        return [("", path)]
    found = sorted(p for p in path.rglob("*") if p.is_file() and ".cache" not in p.parts)
    return [(file.relative_to(path).as_posix(), file) for file in found]
