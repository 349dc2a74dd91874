"""Copies are no samples: a strategy that draws several needs a policy that varies."""

from pathlib import Path

import pytest

from ragreason.errors import GraphError
from ragreason.graph.library import read_nested, validate_graph
from ragreason.graph.read import parse_graph

GRAPH = """
version: 1
name: sampled
paradigm: synergized
nodes:
  solve:
    use: reason
    policy: {policy}
    strategy: {strategy}
    verifier: {{use: groundedness}}
    {more}
  answer: {{use: answer}}
edges: [[START, solve], [solve, answer], [answer, END]]
"""


def text(policy: str, strategy: str = "{use: best_of_n, n: 4}", more: str = "") -> str:
    return GRAPH.format(policy=policy, strategy=strategy, more=more)


@pytest.mark.parametrize("policy", ["react", "{use: cot, temperature: 0}", "{use: ircot}"])
@pytest.mark.parametrize(
    "strategy", ["{use: best_of_n, n: 4}", "majority", "{use: majority, n: 2}"]
)
def test_samples_at_temperature_0_are_refused(policy: str, strategy: str) -> None:
    with pytest.raises(GraphError, match=r"draws \d samples.*same one each time.*temperature") as e:
        read_nested(parse_graph(text(policy, strategy), path="g.yaml"))
    assert (e.value.path, e.value.line) == ("g.yaml", 9)


@pytest.mark.parametrize(
    ("policy", "strategy", "more"),
    [
        ("{use: react, temperature: 0.1}", "best_of_n", ""),
        ("react", "greedy", ""),
        ("react", "{use: majority, n: 1}", ""),
        ("react", "best_of_n", "temperatures: [0, 0.7]"),
        ("react", "best_of_n", "first_tokens: 4"),
        ("{use: graph, graph: react_best_of_n}", "best_of_n", ""),
        ("{use: graph, graph: naive_rag_vote}", "best_of_n", ""),
        ("{use: graph, graph: react, set: {solve.temperatures: [0.5]}}", "best_of_n", ""),
    ],
)
def test_what_varies_is_accepted(policy: str, strategy: str, more: str) -> None:
    read_nested(parse_graph(text(policy, strategy, more)))


def test_other_ways_to_vary_are_said_with_their_place() -> None:
    with pytest.raises(GraphError, match=r"\.7}, or temperatures: \[.*\] on the node 'solve'$"):
        read_nested(parse_graph(text("react")))


@pytest.mark.parametrize("more", ["temperatures: [0, 0]", "first_tokens: 1"])
def test_a_schedule_that_does_not_vary_is_refused(more: str) -> None:
    with pytest.raises(GraphError, match="draws 4 samples"):
        read_nested(parse_graph(text("react", more=more)))


@pytest.mark.parametrize("graph", ["naive_rag", "rewrite", "react", "corrective"])
def test_a_graph_that_is_the_same_each_time_is_refused_as_a_policy(graph: str) -> None:
    with pytest.raises(GraphError, match="in its graph"):
        read_nested(parse_graph(text(f"{{use: graph, graph: {graph}}}")))


def test_validation_says_it_too(tmp_path: Path) -> None:
    path = tmp_path / "g.yaml"
    path.write_text(text("react"), encoding="utf-8")
    assert "draws 4 samples" in str(validate_graph(path)[0])


def test_strategies_that_can_not_be_asked_alone_are_left_alone() -> None:
    read_nested(parse_graph(text("react", "revise")))
