"""What an index folder says about itself."""

from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ragreason.errors import IndexFolderError

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
_HASHED_AT_ONCE_BYTES = 1 << 20


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class File(_Frozen):
    """A file of the index: its size and the SHA-256 of its bytes."""

    bytes: int
    sha256: str


class Source(_Frozen):
    """A file that was indexed. `sha256` is over the ids of its passages, in order."""

    path: str
    passages: int
    sha256: str


class Manifest(_Frozen):
    """`manifest.json`. `passages` are searchable, `duplicates` wait in case their twin is deleted.

    `embedder` and `tokenizer` are names that determine vectors and terms; `data` is the folder,
    inside the index, that holds the files.
    """

    schema_version: int = SCHEMA_VERSION
    embedder: str
    dim: int
    tokenizer: str
    bm25: dict[str, float]
    passages: int
    duplicates: int
    sources: tuple[Source, ...]
    data: Annotated[str, Field(pattern="^data-[0-9a-f]{16}$")]
    files: dict[str, File]


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an index. Raises IndexFolderError with the command that mends it."""
    rebuild = f"build it: ragreason index build PATH... --out {folder}"
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        what = "holds no finished index" if folder.is_dir() else "no such index"
        raise IndexFolderError(f"{folder}: {what}; {rebuild}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise IndexFolderError(f"{folder}: {MANIFEST} can't be read: {error}; {rebuild}") from error
    _check_version(folder, text, rebuild)
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or MANIFEST
        raise IndexFolderError(
            f"{folder}: damaged {MANIFEST}: {field}: {first['msg']}; {rebuild}"
        ) from error


def _check_version(folder: Path, text: str, rebuild: str) -> None:
    try:
        version = _Version.model_validate_json(text).schema_version
    except ValidationError as error:
        raise IndexFolderError(f"{folder}: damaged {MANIFEST}; {rebuild}") from error
    if version != SCHEMA_VERSION:
        age = "older" if version < SCHEMA_VERSION else "newer"
        raise IndexFolderError(
            f"{folder}: index version {version} is {age} than the version {SCHEMA_VERSION} that "
            f"this ragreason reads; {rebuild}"
        )


class _Version(BaseModel):
    schema_version: int


def describe(path: Path) -> File:
    """Size and hash of a file."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return File(bytes=path.stat().st_size, sha256=digest.hexdigest())


def check_files(folder: Path, manifest: Manifest, *, everything: bool) -> None:
    """Compare the files with the manifest: sizes, and hashes of files up to 1 MiB or of all.

    Raises IndexFolderError that names the damaged file and the command that rebuilds the index.
    """
    for name, expected in manifest.files.items():
        path = folder / manifest.data / name
        rebuild = f"rebuild it: ragreason index build PATH... --out {folder}"
        if not path.is_file():
            raise IndexFolderError(f"{folder}: {name} is missing; {rebuild}")
        size = path.stat().st_size
        if size != expected.bytes:
            raise IndexFolderError(
                f"{folder}: {name} has {size} bytes, expected {expected.bytes}; {rebuild}"
            )
        if (everything or size <= _HASHED_AT_ONCE_BYTES) and describe(path) != expected:
            raise IndexFolderError(f"{folder}: {name} is damaged: its hash differs; {rebuild}")
