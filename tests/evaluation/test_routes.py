"""The ways through a graph, and how a run is made to take one."""

from pathlib import Path

import pytest

from ragreason.errors import ConfigError
from ragreason.evaluation.routes import Fork, all_routes, find_forks, overrides_of
from ragreason.graph.definition import Definition
from ragreason.graph.library import read_nested
from ragreason.graph.read import parse_graph

NODES = """
version: 1
name: own
paradigm: baseline
nodes:
  judge: {use: difficulty}
  a: {use: answer}
  b: {use: answer}
  c: {use: answer}
edges:
  - [START, judge]
"""
LOWER = "  - {from: judge, to: a, when: {field: difficulty, at_most: 0.2}}\n"
UPPER = "  - {from: judge, to: c, when: {field: difficulty, at_least: 0.8}}\n"
REST = "  - {from: judge, to: b, otherwise: true}\n  - [a, END]\n  - [b, END]\n  - [c, END]\n"
THREE = Fork("judge", ("a", "c", "b"), (("at_most", 0.2), ("at_least", 0.8)))


def own(text: str = NODES + LOWER + UPPER + REST) -> Definition:
    return parse_graph(text)


def test_a_fork_has_the_tests_in_order_and_the_rest_last() -> None:
    assert find_forks(own()) == {"judge": THREE}


def test_the_shipped_graph_has_three_routes() -> None:
    definition = read_nested("adaptive").definition
    routes = all_routes(definition, find_forks(definition))
    assert {route.name: dict(route.choices) for route in routes} == {
        "ask=recall": {"ask": 0},
        "ask=retrieve,judge=END": {"ask": 1, "judge": 0},
        "ask=retrieve,judge=loop": {"ask": 1, "judge": 1},
    }


def test_the_first_test_that_holds_decides() -> None:
    assert [THREE.way(d) for d in (0.0, 0.2, 0.5, 0.8, 1.0)] == [0, 0, 2, 1, 1]
    assert THREE.with_limits((0.5, 0.1)).way(0.3) == 0


@pytest.mark.parametrize("way", [0, 1, 2])
def test_overrides_make_every_question_take_the_way(way: int, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(NODES + LOWER + UPPER + REST, encoding="utf-8")
    definition = own()
    route = all_routes(definition, find_forks(definition))[way]
    forced = read_nested(str(path), overrides_of(route, find_forks(definition))).definition
    (fork,) = find_forks(forced).values()
    assert {fork.way(d) for d in (0.0, 0.3, 0.7, 1.0)} == {way}


def test_a_graph_without_a_fork_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"nothing to calibrate.*graph show adaptive"):
        find_forks(read_nested("naive_rag").definition)


def test_other_conditions_at_a_fork_are_refused() -> None:
    other = "  - {from: judge, to: a, when: {field: evidence, is: sufficient}}\n"
    with pytest.raises(ConfigError, match="tests 'evidence'; expected at_most or at_least"):
        find_forks(own(NODES + other + UPPER + REST))
    equal = "  - {from: judge, to: a, when: {field: difficulty, equals: 0.5}}\n"
    with pytest.raises(ConfigError, match="expected at_most or at_least"):
        find_forks(own(NODES + equal + UPPER + REST))


def test_two_edges_to_one_target_are_refused() -> None:
    twice = UPPER.replace("to: c", "to: a")
    rest = REST.replace("  - [c, END]\n", "")
    with pytest.raises(ConfigError, match="another target for each edge"):
        find_forks(own(NODES + LOWER + twice + rest))
