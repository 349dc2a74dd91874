"""Which weights a name stands for, by the files' contents."""

import hashlib
from pathlib import Path

from ragreason.errors import ConfigError
from ragreason.models.fetch import is_path, located
from ragreason.settings import Settings

_PART = 1 << 20
_LOCAL = {"vllm", "transformers", "scripted", "replay"}


def weights_hash(model: str, settings: Settings) -> str:
    """16 hex digits over the names, sizes, first and last MiB of the model's files; empty where the
    model is on a server or not here.

    `model` is what settings and flags name engines by. Whole files are not read, because hashing
    tens of gigabytes takes minutes: two files of one size that differ in the middle only, as no two
    trainings give, count as the same.
    """
    files = _files(model, settings)
    digest = hashlib.sha256()
    for name, file in files:
        digest.update(f"{name} {file.stat().st_size}\n".encode())
        with file.open("rb") as opened:
            digest.update(opened.read(_PART))
            opened.seek(max(0, file.stat().st_size - _PART))
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
