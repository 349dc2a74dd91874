"""Finding graphs, and the library that ships."""

from pathlib import Path

import pytest

from ragreason.errors import GraphError, UnknownNameError
from ragreason.graph.library import (
    find_graph,
    read_nested,
    shipped_graphs,
    validate_graph,
)

SHIPPED = sorted(shipped_graphs())


@pytest.fixture(autouse=True)
def registered() -> None:
    """The real node kinds, not those of the other tests."""


def test_the_library_ships_the_graphs_that_are_promised() -> None:
    promised = {"direct", "cot", "naive_rag", "rewrite", "decompose", "corrective", "ircot"}
    assert promised | {"react"} <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_graph_is_valid_and_described(name: str) -> None:
    assert [str(error) for error in validate_graph(name)] == []
    definition = read_nested(name).definition
    assert definition.name == name
    assert definition.description.endswith(".")
    assert definition.source.startswith("https://")


def test_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown graph 'direkt'; did you mean 'direct'\?"):
        find_graph("direkt")


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="no such file"):
        find_graph(tmp_path / "a.yaml")
    with pytest.raises(GraphError, match="is a folder"):
        find_graph(tmp_path)


def test_paths_are_found_beside_the_graph_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("x", encoding="utf-8")
    assert find_graph("a.yaml", near=tmp_path) == tmp_path / "a.yaml"
    assert find_graph("direct", near=tmp_path) == shipped_graphs()["direct"]


def test_the_hash_changes_with_what_a_graph_does_and_not_with_its_words(tmp_path: Path) -> None:
    text = shipped_graphs()["naive_rag"].read_text(encoding="utf-8")
    hashes = {}
    for name, changed in {
        "same": text,
        "words": text.replace("Retrieve once", "Search once"),
        "deeds": text.replace("k: 5", "k: 6"),
    }.items():
        path = tmp_path / f"{name}.yaml"
        path.write_text(changed, encoding="utf-8")
        hashes[name] = read_nested(path).hash
    assert hashes["same"] == hashes["words"] == read_nested("naive_rag").hash
    assert hashes["deeds"] != hashes["same"]


def test_the_hash_covers_the_graphs_that_are_used(tmp_path: Path) -> None:
    inner = shipped_graphs()["naive_rag"].read_text(encoding="utf-8")
    outer = shipped_graphs()["decompose"].read_text(encoding="utf-8")
    (tmp_path / "outer.yaml").write_text(
        outer.replace("graph: naive_rag", "graph: inner.yaml"), encoding="utf-8"
    )
    (tmp_path / "inner.yaml").write_text(inner, encoding="utf-8")
    before = read_nested(tmp_path / "outer.yaml").hash
    (tmp_path / "inner.yaml").write_text(
        inner.replace("{use: answer}", "{use: answer, max_tokens: 16}"), encoding="utf-8"
    )
    assert read_nested(tmp_path / "outer.yaml").hash != before


def test_overrides_change_the_hash() -> None:
    assert read_nested("naive_rag", ["retrieve.k=9"]).hash != read_nested("naive_rag").hash
