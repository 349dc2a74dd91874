"""Pictures of graphs: everything is in them, inside the page, nothing on top of another."""

import re
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from ragreason.graph.definition import Definition, NodeSpec
from ragreason.graph.draw import to_mermaid, to_svg
from ragreason.graph.layout import Box, Line, lay_out
from ragreason.graph.library import shipped_graphs
from ragreason.graph.picture import describe
from ragreason.graph.read import parse_graph, read_graph

WILD = """
version: 1
name: wild
paradigm: synergized
nodes:
  end: {use: rewrite}
  naive-1: {use: graph, graph: naive_rag}
  ready: {use: decompose}
  solve: {use: graph, graph: naive_rag, in: {question: item}, out: {answer: notes}}
  reason: {use: reason, policy: react, strategy: {use: mcts}, verifier: '"<&>"'}
  answer: {use: answer}
  check: {use: check, verifier: groundedness}
edges:
  - [START, end]
  - {from: end, to: naive-1, when: {field: steps, at_most: 3}}
  - {from: end, to: ready, when: {field: query, is: not_empty}}
  - {from: end, to: reason, otherwise: true}
  - {from: naive-1, to: naive-1, at_most: 3, then: answer}
  - [naive-1, END]
  - [reason, answer]
  - {from: ready, to: answer, when: {field: queries, is: empty}}
  - {from: ready, each: queries, to: solve}
  - {from: solve, to: ready, at_most: 6, then: answer}
  - [answer, check]
  - {from: check, to: END, when: {field: evidence, is: sufficient}}
  - {from: check, to: end, otherwise: true, at_most: 2, then: END}
"""
GRAPHS = [parse_graph(WILD), *(read_graph(path) for path in shipped_graphs().values())]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda g: g.name)
def test_the_picture_holds_every_node_and_edge(graph: Definition) -> None:
    root = ET.fromstring(to_svg(graph))
    texts = {element.text for element in root.iter(f"{SVG}text")}
    assert {"START", "END", *graph.nodes} <= texts
    drawn = [p for p in root.iter(f"{SVG}path") if p.get("marker-end")]
    assert len(drawn) == len(graph.edges) + sum(edge.then is not None for edge in graph.edges)


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda g: g.name)
def test_boxes_and_labels_lie_apart_and_inside_the_page(graph: Definition) -> None:
    root = ET.fromstring(to_svg(graph))
    width, height = (float(root.get(name, "0")) for name in ("width", "height"))
    group = next(root.iter(f"{SVG}g"))
    shift = [float(n) for n in re.findall(r"[\d.]+", group.get("transform", ""))]
    boxes = []
    for rect in group.iter(f"{SVG}rect"):
        x, y, w, h = (float(rect.get(name, "0")) for name in ("x", "y", "width", "height"))
        assert 0 <= x + shift[0] <= width - w
        assert 0 <= y + shift[1] <= height - h
        boxes.append((x, y, x + w, y + h))
    for a, b in combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_pictures_do_not_change_from_run_to_run() -> None:
    assert to_svg(GRAPHS[0]) == to_svg(parse_graph(WILD))


def test_nothing_in_a_picture_is_fetched() -> None:
    assert re.findall(r"https?://[^\"]+", to_svg(GRAPHS[0])) == ["http://www.w3.org/2000/svg"]


def test_mermaid_says_conditions_bounds_and_fan_out() -> None:
    text = to_mermaid(parse_graph(WILD))
    for line in (
        'flowchart TD\n  start([START])\n  stop([END])\n  n_end["end<br/>rewrite"]\n',
        '  n_solve[["solve<br/>graph naive_rag"]]\n',
        '  n_end -->|"steps ≤ 3"| n_naive_1\n',
        '  n_end -->|"query is not empty"| n_ready\n',
        '  n_ready ==>|"each of queries"| n_solve\n',
        '  n_solve -->|"at most 6×"| n_ready\n',
        '  n_solve -.->|"then"| n_answer\n',
        '  n_check -->|"otherwise, at most 2×"| n_end\n',
        "#quot;&lt;&amp;&gt;#quot;",
    ):
        assert line in text


def test_layers_follow_the_longest_path_and_loops_run_upwards() -> None:
    names = ["a", "b", "c", "d"]
    lines = [Line(*pair) for pair in ("ab", "bc", "ad", "cd", "ca")]
    layout = lay_out({name: Box(10, 10) for name in names}, lines)
    ys = [layout.nodes[name].y for name in names]
    assert ys == sorted(ys)
    assert len(set(ys)) == 4
    assert layout.backward == {4}
    assert layout.routes[4][0] is layout.nodes["a"]
    assert len(layout.routes[0]) == 3, "one place to cross between neighbouring layers"


def test_a_policy_that_is_a_graph_is_drawn_by_its_name() -> None:
    spec = NodeSpec.model_validate(
        {"use": "reason", "policy": {"use": "graph", "graph": "corrective"}, "strategy": "majority"}
    )
    assert describe(spec) == "reason: corrective × majority"
