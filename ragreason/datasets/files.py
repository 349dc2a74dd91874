"""Where a dataset's records come from: one file, a folder of splits, a saved `datasets` folder, or
rows that a hub gave.

What a file is, is told by its name: .csv, .tsv, .parquet, .arrow; anything else is JSON or JSON
lines. Any of them may be compressed, with .gz after its name.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragreason.datasets.records import Record, read_csv, read_json
from ragreason.errors import DataError

SUFFIXES = (".json", ".jsonl", ".csv", ".tsv", ".parquet", ".arrow")
_SAVED = "dataset_info.json"
_SEVERAL = "dataset_dict.json"


@dataclass(frozen=True)
class Origin:
    """A file or folder, and the split of it that is wanted ("" where it has only one).

    `given` are rows read elsewhere: then `path` only names them.
    """

    path: Path
    split: str = ""
    given: tuple[Record, ...] | None = None

    @property
    def records(self) -> Sequence[Record]:
        """All records, at least one. Raises DataError."""
        if self.given is not None:
            return self.given
        files = [self.path] if not self.path.is_dir() else files_of(self.path, self.split)
        if self.split and not self.path.is_dir():
            raise DataError(
                f"{self.path} is one file, it has no split '{self.split}'; give the folder that "
                "holds the splits, or leave the split out"
            )
        found = [record for file in files for record in read_file(file)]
        if not found:
            raise DataError(f"{self.path}: there are no records; expected questions")
        return found

    @property
    def folder(self) -> Path:
        """Where companions of the file lie, such as a paragraph file."""
        return self.path if self.path.is_dir() else self.path.parent


def read_file(path: Path) -> Sequence[Record]:
    """The records of one file, by the kind that its name tells."""
    suffix = kind(path)
    if suffix in (".csv", ".tsv"):
        return read_csv(path)
    if suffix in (".parquet", ".arrow"):
        return list(_columns(path, suffix))
    return read_json(path)


def kind(path: Path) -> str:
    """The file's suffix in lower case, that of a compressed file without .gz."""
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def files_of(folder: Path, split: str) -> list[Path]:
    """The files of one split: of a folder that `datasets` saved, or of files named by their splits
    ("train.json", "dev_sample.json", "validation-00000-of-00001.parquet").

    Raises DataError that names the splits there are, if several and none is asked for.
    """
    if (folder / _SEVERAL).is_file():
        names = sorted(p.name for p in folder.iterdir() if (p / _SAVED).is_file())
        return _saved(folder / _one(folder, names, split))
    if (folder / _SAVED).is_file():
        if split:
            raise DataError(f"{folder} is one split, it has no splits of its own; leave it out")
        return _saved(folder)
    files = [p for p in sorted(folder.iterdir()) if p.is_file() and kind(p) in SUFFIXES]
    if not files:
        raise DataError(f"{folder}: expected {', '.join(SUFFIXES)} files; found none")
    names = list(dict.fromkeys(_split_name(p) for p in files))
    return [p for p in files if _split_name(p) == _one(folder, names, split)]


def _one(folder: Path, names: Sequence[str], split: str) -> str:
    if split in names:
        return split
    if not split and len(names) == 1:
        return names[0]
    told = f"no split '{split}'" if split else "several splits"
    raise DataError(f"{folder} has {told}; give one of: {', '.join(names)}")


def _split_name(path: Path) -> str:
    """A part's number is left out: "train-00000-of-00002.parquet" gives "train"."""
    return path.name.lower().partition(".")[0].partition("-0")[0]


def _saved(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.arrow"))
    if not files:
        raise DataError(f"{folder}: expected .arrow files beside {_SAVED}; found none")
    return files


def _columns(path: Path, suffix: str) -> Iterator[Record]:
    import pyarrow
    import pyarrow.ipc
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path) if suffix == ".parquet" else _arrow(path)
        rows: list[dict[str, Any]] = table.to_pylist()
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (pyarrow.ArrowException, OSError) as error:
        told = " ".join(str(error).split())
        raise DataError(f"{path}: not a {suffix[1:]} file that can be read: {told}") from error
    for number, row in enumerate(rows, 1):
        yield Record(f"{path}, row {number}", row)


def _arrow(path: Path) -> Any:
    """`datasets` saves streams; other programs write files."""
    import pyarrow
    import pyarrow.ipc

    with pyarrow.OSFile(str(path), "rb") as source:
        try:
            return pyarrow.ipc.open_stream(source).read_all()
        except pyarrow.ArrowInvalid:
            source.seek(0)
            return pyarrow.ipc.open_file(source).read_all()
