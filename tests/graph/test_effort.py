"""`effort` of a node: read, checked, and bound around the node's engine."""

from typing import Any

import pytest

from ragreason.errors import CapabilityError, ConfigError, GraphError
from ragreason.generation.metered import Metered
from ragreason.generation.scripted import Scripted
from ragreason.generation.thinking import Thinking
from ragreason.generation.thinking_effort import Thought
from ragreason.graph.bind import Binder, Parts
from ragreason.graph.definition import Definition
from ragreason.graph.library import find_graph, read_nested
from ragreason.graph.read import parse_graph, read_graph
from ragreason.graph.schema import graph_schema
from ragreason.protocols import Capability

GRAPH = """\
version: 1
name: g
paradigm: baseline
nodes:
  answer: {use: answer, effort: EFFORT}
edges: [[START, answer], [answer, END]]
"""


def graph(effort: str) -> Definition:
    return parse_graph(GRAPH.replace("EFFORT", effort), "g.yaml")


async def no_graph(*_: Any, **__: Any) -> Any:
    raise AssertionError("not run")


def bound(effort: str, *more: Capability) -> Any:
    engine = Scripted(capabilities=Scripted.capabilities | set(more))
    parts = Parts({"main": engine})
    return Binder(graph(effort), parts, lambda *_: None).node("answer").engine  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("low", Thought(level="low")),
        ("none", Thought(level="none")),
        ("{cap: 64, exit: 0.9}", Thought(cap=64, exit=0.9)),
    ],
)
def test_effort_is_a_level_or_its_knobs(given: str, expected: Thought) -> None:
    assert graph(given).nodes["answer"].effort == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("hihg", "nodes.answer.effort.level: .*given 'hihg'; did you mean 'high'?"),
        ("{capp: 3}", "unknown field 'capp' in effort; did you mean 'cap'?"),
        ("{cap: 3, at_least: 9}", "at_least .9. is more than cap .3."),
    ],
)
def test_a_wrong_effort_is_told_with_its_line(given: str, message: str) -> None:
    with pytest.raises(GraphError, match=rf"g.yaml:5: {message}"):
        graph(given)


def test_effort_can_be_set_from_the_command_line() -> None:
    path = find_graph("naive_rag")
    level = read_graph(path, ["answer.effort=low"])
    knobs = read_graph(path, ["answer.effort=low", "answer.effort.exit=0.9"])
    assert level.nodes["answer"].effort == Thought(level="low")
    assert knobs.nodes["answer"].effort == Thought(level="low", exit=0.9)


def test_effort_is_part_of_what_identifies_a_graph() -> None:
    hashes = {read_nested("naive_rag", s).hash for s in ([], ["answer.effort=low"])}
    assert len(hashes) == 2


@pytest.mark.parametrize(
    ("effort", "more", "kind"),
    [
        ("low", (), Thinking),
        ("none", (), Metered),
        ("none", ("think_tags",), Thinking),
        ("none", ("thinking",), Thinking),
        ("null", (), Metered),
        ("null", ("think_tags",), Thinking),
        ("null", ("thinking",), Metered),
    ],
)
def test_engines_are_wrapped_where_there_is_something_to_control(
    effort: str, more: tuple[Capability, ...], kind: type
) -> None:
    engine = bound(effort, *more)
    assert type(engine) is kind
    if isinstance(engine, Thinking):
        assert isinstance(engine.engine, Metered), "every call is charged"


def test_what_an_engine_lacks_is_told_before_anything_runs() -> None:
    parts = Parts({"main": Scripted(capabilities=frozenset({"prefill"}))})
    binder = Binder(graph("{exit: 0.9}"), parts, lambda *_: no_graph)
    with pytest.raises(CapabilityError, match=r"node 'answer': effort with exit needs logprobs"):
        binder.node("answer")


def test_a_policy_with_an_engine_of_its_own_takes_no_effort() -> None:
    policy = "{use: graph, graph: direct}"
    solve = f"{{use: reason, effort: low, strategy: greedy, policy: {policy}}}"
    definition = parse_graph(GRAPH.replace("{use: answer, effort: EFFORT}", solve), "g.yaml")
    binder = Binder(definition, Parts({"main": Scripted()}), lambda *_: no_graph)
    with pytest.raises(ConfigError, match=r"g.yaml:5: .*set it inside"):
        binder.node("answer")


def test_editors_know_efforts_of_nodes_that_call_a_model() -> None:
    schema = graph_schema()
    by_name = {
        option["properties"]["use"].get("const"): option["properties"]
        for option in schema["$defs"]["NodeSpec"]["oneOf"]
    }
    assert "effort" in by_name["answer"]
    assert "effort" not in by_name["retrieve"]
    level, knobs = schema["$defs"]["Thought"]["anyOf"]
    assert "low" in level["enum"]
    assert "cap" in knobs["properties"]
