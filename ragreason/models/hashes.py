"""SHA-256 of files, checked against what the catalogue pins."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from ragreason.errors import RunError

_BLOCK = 1 << 20


class HashMismatchError(RunError):
    """Bytes that came are not the bytes that were pinned."""

    def __init__(self, file: str, expected: str, found: str) -> None:
        super().__init__(
            f"{file}: expected SHA-256 {expected}, the downloaded bytes have {found}; "
            "the source changed or the download was cut, so nothing was kept: try again"
        )


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def git_blob_of(path: Path) -> str:
    """Hex SHA-1 of a file as git names it: how the hub declares its small files."""
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def check(folder: Path, pinned: Mapping[str, str]) -> None:
    """Raise HashMismatchError for the first file in `folder` that is absent or differs."""
    for name, expected in pinned.items():
        path = folder / name
        found = sha256_of(path) if path.is_file() else "no such file"
        if found != expected:
            raise HashMismatchError(name, expected, found)
