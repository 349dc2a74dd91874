from pathlib import Path

import pytest

from ragreason.corpus.load import load
from ragreason.errors import CorpusError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "docs"
    for name, content in {
        "b.txt": b"Beta.",
        "sub/a.md": b"# Alpha\n\nText.",
        "c.csv": b"title,text\nGamma,A lake.\nDelta,A hill.\n",
        "empty.txt": b" \n",
        ".hidden.txt": b"no",
        ".git/x.txt": b"no",
        "image.png": b"\x89PNG\0",
        "binary.txt": b"ab\0cd",
        "latin.txt": "café".encode("latin-1"),
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def test_a_folder_is_read_recursively_in_order_and_says_what_it_left_out(folder: Path) -> None:
    skipped: list[tuple[str, str]] = []
    documents = list(load([folder], on_skip=lambda path, why: skipped.append((path.name, why))))
    assert [d.title for d in documents] == ["b", "Gamma", "Delta", "Alpha"]
    assert documents[0].id == str(folder / "b.txt")
    assert skipped == [
        ("binary.txt", "a binary file, not text"),
        ("image.png", "no known kind of document ('.png')"),
        ("latin.txt", "byte 3 is not UTF-8; convert the file to UTF-8"),
    ]


def test_a_file_that_is_named_must_be_readable(folder: Path) -> None:
    for name, message in {"binary.txt": "binary", "latin.txt": "UTF-8", "none": "no such"}.items():
        with pytest.raises(CorpusError, match=message):
            list(load([folder / name]))


def test_a_named_file_of_unknown_suffix_is_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "README"
    path.write_bytes(b"\xef\xbb\xbfHello\r\nthere")
    (document,) = load([path])
    assert (document.title, document.text) == ("README", "Hello\nthere")


def test_whole_is_passed_on(folder: Path) -> None:
    assert all(d.whole for d in load([folder], whole=True))
    assert not any(d.whole for d in load([folder]))


def test_utf16_with_its_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "w.txt"
    path.write_bytes("你好".encode("utf-16"))
    assert next(load([path])).text == "你好"
