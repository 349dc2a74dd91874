"""Worlds as folders: round trips, and errors that name file and line."""

from pathlib import Path

import pytest

from ragreason.errors import ConfigError, DataError
from ragreason.worlds.files import check_target, read_world, write_world
from ragreason.worlds.world import Document, World


@pytest.fixture
def folder(documents: list[Document], tmp_path: Path) -> Path:
    write_world(World(documents=tuple(documents), questions=()), tmp_path / "w", (2, 4))
    return tmp_path / "w"


def test_what_is_written_is_read_back(folder: Path, documents: list[Document]) -> None:
    assert read_world(folder).documents == tuple(documents)


def test_markdown_documents_are_read(folder: Path) -> None:
    (folder / "documents" / "documents.jsonl").unlink()
    (folder / "documents" / "ada.md").write_text("# Ada\n\nAda was born in Ash.\n")
    (folder / "facts.jsonl").write_text(
        '{"document": "Ada", "subject": "Ada", "relation": "born_in", "object": "Ash"}\n'
    )
    (read,) = read_world(folder).documents
    assert (read.id, read.title, read.text) == ("ada", "Ada", "Ada was born in Ash.")
    assert read.facts[0].triple == ("Ada", "born_in", "Ash")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("facts.jsonl", "{", r"facts.jsonl:1: not JSON"),
        ("facts.jsonl", "[]", r"facts.jsonl:1: expected an object"),
        ("facts.jsonl", '{"document": "Ada"}', r"facts.jsonl:1: not a fact"),
        (
            "facts.jsonl",
            '{"document": "Zed", "subject": "a", "relation": "b", "object": "c"}',
            "no document has the title 'Zed'",
        ),
        ("questions.jsonl", '\n{"id": "q"}', r"questions.jsonl:2: not a question; question"),
        ("documents/documents.jsonl", '{"id": "x"}', r"documents.jsonl:1: expected the keys"),
        ("documents/bad.md", "no heading", r"bad.md:1: expected '# Title'"),
    ],
)
def test_damage_is_named(folder: Path, name: str, text: str, message: str) -> None:
    (folder / name).write_text(text + "\n")
    with pytest.raises(DataError, match=message):
        read_world(folder)


def test_a_folder_without_documents_is_refused(folder: Path) -> None:
    (folder / "documents" / "documents.jsonl").unlink()
    with pytest.raises(DataError, match="no documents in"):
        read_world(folder)
    with pytest.raises(DataError, match="no such file"):
        read_world(folder / "documents")


def test_only_an_earlier_world_is_overwritten(folder: Path, tmp_path: Path) -> None:
    check_target(folder)
    check_target(tmp_path / "new")
    with pytest.raises(ConfigError, match="holds other files"):
        check_target(folder / "documents")
    with pytest.raises(ConfigError, match="is a file"):
        check_target(folder / "facts.jsonl")
