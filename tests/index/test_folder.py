import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ragreason.corpus import passage
from ragreason.errors import IndexFolderError
from ragreason.index.folder import Contents, IndexFolder, open_index, write_index
from ragreason.index.manifest import Manifest, read_manifest

Make = Callable[..., IndexFolder]
TEXTS = ["The river.", "The lake.", "The hill."]


def contents(*texts: str) -> Contents:
    sourced = [(passage("T", text, document="d"), "file.txt") for text in texts]
    return Contents(sourced, np.eye(len(texts), 4, dtype=np.float32), "eye")


def data_files(index: IndexFolder) -> list[Path]:
    return sorted(p for p in (index.path / index.manifest.data).rglob("*") if p.is_file())


def test_what_was_written_is_read(make: Make) -> None:
    index = make(TEXTS)
    manifest = index.manifest
    assert (manifest.passages, manifest.duplicates, manifest.dim) == (3, 0, 8)
    assert [(s.path, s.passages) for s in manifest.sources] == [("file.txt", 3)]
    assert index.passages[1].text == "The lake."
    assert isinstance(index.vectors, np.memmap)
    assert index.sparse.search(["lake"], 1)[0][0][0] == 1
    assert index.flat.search(np.array(index.vectors[2:3]), 1)[0][0][0] == 2


def test_a_missing_index_names_the_command_that_builds_it(tmp_path: Path) -> None:
    with pytest.raises(IndexFolderError, match=r"no such index; build it: ragreason index build"):
        open_index(tmp_path / "none")
    with pytest.raises(IndexFolderError, match="holds no finished index"):
        open_index(tmp_path)


@pytest.mark.parametrize("change", ["cut", "flip", "remove"])
def test_any_damaged_file_is_found(make: Make, change: str) -> None:
    for position in range(len(data_files(make(TEXTS)))):
        index = make(TEXTS)
        path = data_files(index)[position]
        before = path.read_bytes()
        if change == "remove":
            path.unlink()
        elif change == "cut":
            path.write_bytes(before[:-1])
        else:
            path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        with pytest.raises(IndexFolderError, match="rebuild it: ragreason index build"):
            open_index(index.path)
        path.write_bytes(before)


def test_large_files_are_hashed_only_when_asked(tmp_path: Path) -> None:
    big = contents("x " * 1_000_000)
    write_index(tmp_path / "i", big)
    index = open_index(tmp_path / "i")
    path = index.path / index.manifest.data / "passages.arrow"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    open_index(index.path)
    with pytest.raises(IndexFolderError, match=r"passages\.arrow is damaged"):
        open_index(index.path, verify=True)


@pytest.mark.parametrize(("version", "age"), [(0, "older"), (99, "newer")])
def test_other_versions_are_refused_with_the_command(make: Make, version: int, age: str) -> None:
    index = make(TEXTS)
    changed = index.manifest.model_dump() | {"schema_version": version, "unknown": 1}
    (index.path / "manifest.json").write_text(json.dumps(changed))
    with pytest.raises(IndexFolderError, match=rf"{version} is {age}.*ragreason index build"):
        open_index(index.path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema_version": 1}'])
def test_a_damaged_manifest_is_one_line(make: Make, text: str) -> None:
    index = make(TEXTS)
    (index.path / "manifest.json").write_text(text)
    with pytest.raises(IndexFolderError, match=r"damaged manifest\.json") as caught:
        open_index(index.path)
    assert "\n" not in str(caught.value)


def test_terms_of_another_tokenizer_are_refused(make: Make) -> None:
    index = make(TEXTS)
    changed = index.manifest.model_copy(update={"tokenizer": "words/0"})
    (index.path / "manifest.json").write_text(changed.model_dump_json())
    with pytest.raises(IndexFolderError, match="tokenizer 'words/0'"):
        open_index(index.path)


def test_replacing_leaves_no_old_files_and_open_readers_go_on(tmp_path: Path) -> None:
    write_index(tmp_path / "i", contents("The river."))
    reader = open_index(tmp_path / "i")
    write_index(tmp_path / "i", contents("The lake.", "The hill."))
    assert reader.passages[0].text == "The river."
    assert reader.flat.search(np.array(reader.vectors), 1)[0][0][0] == 0
    assert reader.sparse.search(["river"], 1)[0][0][0] == 0
    assert open_index(tmp_path / "i").passages[1].text == "The hill."
    assert len([p for p in (tmp_path / "i").iterdir() if p.is_dir()]) == 1


def test_writing_the_same_again_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write_index(tmp_path / "i", contents("The river."))
    assert write_index(tmp_path / "i", contents("The river.")) == first
    assert write_index(tmp_path / "j", contents("The river.")) == first


def test_a_failed_write_leaves_the_old_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_index(tmp_path / "i", contents("The river."))

    def fail(*args: object, **options: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("ragreason.index.folder.write_sparse", fail)
    with pytest.raises(OSError, match="disk full"):
        write_index(tmp_path / "i", contents("The lake."))
    assert open_index(tmp_path / "i", verify=True).passages[0].text == "The river."
    assert not list((tmp_path / "i").glob(".unfinished*"))


@pytest.mark.parametrize("where", ["_manifest", "_replace_manifest"])
def test_a_killed_write_leaves_the_old_index_and_the_next_one_cleans_up(
    tmp_path: Path, where: str
) -> None:
    write_index(tmp_path / "i", contents("The river."))
    script = f"""
import os, numpy as np
from pathlib import Path
from ragreason.corpus import passage
from ragreason.index import folder
folder.{where} = lambda *a: os.kill(os.getpid(), 9)
sourced = [(passage("T", "The lake.", document="d"), "f")]
folder.write_index(Path("i"), folder.Contents(sourced, np.eye(1, 4, dtype="f4"), "eye"))
"""
    code = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=False).returncode
    assert code == -9
    assert open_index(tmp_path / "i", verify=True).passages[0].text == "The river."
    write_index(tmp_path / "i", contents("The hill."))
    assert open_index(tmp_path / "i", verify=True).passages[0].text == "The hill."
    assert len(list((tmp_path / "i").iterdir())) == 3


def test_other_peoples_folders_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(IndexFolderError, match=r"holds other things \('thesis\.txt'\)"):
        write_index(tmp_path, contents("The river."))
    with pytest.raises(IndexFolderError, match="a file is in the way"):
        write_index(tmp_path / "thesis.txt", contents("The river."))


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    import fcntl

    write_index(tmp_path / "i", contents("The river."))
    with (tmp_path / "i/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(IndexFolderError, match="another process is writing"):
            write_index(tmp_path / "i", contents("The lake."))


def test_pickled_vectors_are_refused(make: Make) -> None:
    index = make(TEXTS)
    path = index.path / index.manifest.data / "vectors.npy"
    np.save(path, np.array([{"evil": 1}], dtype=object), allow_pickle=True)
    with pytest.raises((IndexFolderError, ValueError)):
        open_index(index.path)


def test_an_index_replaced_while_it_is_opened_is_opened_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_index(tmp_path / "i", contents("The river."))

    def read_then_replace(path: Path) -> Manifest:
        manifest = read_manifest(path)
        monkeypatch.setattr("ragreason.index.folder.read_manifest", read_manifest)
        write_index(path, contents("The lake."))
        return manifest

    monkeypatch.setattr("ragreason.index.folder.read_manifest", read_then_replace)
    assert open_index(tmp_path / "i").passages[0].text == "The lake."


def test_a_damaged_index_is_mended_by_writing_the_same_again(tmp_path: Path) -> None:
    manifest = write_index(tmp_path / "i", contents("The river."))
    (tmp_path / "i" / manifest.data / "vectors.npy").write_bytes(b"nonsense")
    assert write_index(tmp_path / "i", contents("The river.")) == manifest
    open_index(tmp_path / "i", verify=True)


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(IndexFolderError, match="can't be written"):
        write_index(tmp_path / "file/index", contents(*TEXTS))


@pytest.mark.parametrize("change", [{"passages": 2}, {"dim": 5}, {"duplicates": 1}])
def test_a_manifest_that_does_not_fit_its_files_is_refused(
    make: Make, change: dict[str, int]
) -> None:
    index = make(TEXTS)
    manifest = index.manifest.model_copy(update=change)
    (index.path / "manifest.json").write_text(manifest.model_dump_json(), encoding="utf-8")
    with pytest.raises(IndexFolderError, match=r"damaged manifest\.json"):
        open_index(index.path)
