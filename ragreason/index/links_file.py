"""The graph of an index as one file beside its data: a cache, which can be deleted at any time."""

import zipfile
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from ragreason.index.links import Links, make_links
from ragreason.index.passages import PassageStore

VERSION = 2
"""Raised whenever the same passages would be linked otherwise, or the file is another."""

_NAME = "links-"
_BETWEEN = "\t"  # a folded word may hold spaces: one letter that stands for a phrase
_ARRAYS = ("names", "starts", "entities", "kinds")


def open_links(folder: Path, data: str, passages: PassageStore) -> Links:
    """The graph of an index: made once, kept beside its data, read from there afterwards."""
    kept = read_links(folder, data, passages.searchable)
    if kept is not None:
        return kept
    searchable = (passage for passage, _ in islice(passages.all(), passages.searchable))
    made = make_links((passage.title, passage.text) for passage in searchable)
    write_links(folder, data, made)
    return made


def file_of(folder: Path, data: str) -> Path:
    """Where the graph of the index with these data is kept."""
    return folder / f"{_NAME}{VERSION}-{data}.npz"


def read_links(folder: Path, data: str, passages: int) -> Links | None:
    """The graph kept for these data; None if there is none, or it is damaged."""
    try:
        with (
            file_of(folder, data).open("rb") as file,
            np.load(file, allow_pickle=False) as stored,
        ):
            arrays = {name: stored[name] for name in _ARRAYS}
            sound = str(stored["digest"]) == _digest(data, arrays)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    if not sound or len(arrays["starts"]) != passages + 1:
        return None
    lines = arrays["names"].tobytes().decode().split("\n")[:-1]
    names = tuple(tuple(line.split(_BETWEEN)) for line in lines)
    return Links(names, arrays["starts"], arrays["entities"], arrays["kinds"])


def write_links(folder: Path, data: str, links: Links) -> None:
    """Keep the graph, in one step; graphs of other data are deleted.

    Where the folder can't be written nothing is kept, and the graph is made again next time.
    """
    text = "".join(_BETWEEN.join(name) + "\n" for name in links.names)
    arrays: dict[str, Any] = {
        "names": np.frombuffer(text.encode(), dtype=np.uint8),
        "starts": links.starts,
        "entities": links.entities,
        "kinds": links.kinds,
    }
    path = file_of(folder, data)
    draft = folder / f".unfinished-{_NAME}{uuid4().hex}"  # whole graphs may be written at once
    try:
        try:
            with draft.open("xb") as file:
                np.savez(file, digest=np.array(_digest(data, arrays)), **arrays)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        for old in set(folder.glob(f"{_NAME}*.npz")) - {path}:
            old.unlink(missing_ok=True)
    except OSError:
        return


def _digest(data: str, arrays: dict[str, Any]) -> str:
    digest = sha256(f"{VERSION} {data}".encode())
    for name in _ARRAYS:
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode() + array.tobytes())
    return digest.hexdigest()
