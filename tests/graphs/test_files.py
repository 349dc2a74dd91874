"""What every shipped graph file says of itself, and that it validates and draws."""

from pathlib import Path

import pytest

from ragreason.graph.draw import to_mermaid, to_svg
from ragreason.graph.library import shipped_graphs, validate_graph
from ragreason.graph.read import read_graph

GRAPHS = shipped_graphs()
LONGEST = 40


@pytest.mark.parametrize("path", GRAPHS.values(), ids=GRAPHS)
def test_a_file_is_short_and_named_as_its_graph(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST
    assert read_graph(path).name == path.stem


@pytest.mark.parametrize("path", GRAPHS.values(), ids=GRAPHS)
def test_a_graph_names_its_paper_what_it_keeps_of_it_and_where_it_departs(path: Path) -> None:
    graph = read_graph(path)
    assert graph.source.startswith("https://arxiv.org/abs/")
    assert all(len(text.split()) > 2 for text in (graph.description, graph.keeps, graph.departs))


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_validates_and_draws(name: str) -> None:
    assert validate_graph(name) == []
    graph = read_graph(GRAPHS[name])
    text, picture = to_mermaid(graph), to_svg(graph)
    assert picture.startswith("<svg")
    assert all(node in text and node in picture for node in graph.nodes)
