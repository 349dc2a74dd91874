"""Reading graph files: YAML 1.2, errors with file and line, overrides, and nothing executed."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from ragreason.errors import ConfigError, GraphError
from ragreason.graph.definition import Condition, Definition
from ragreason.graph.read import build_definition, parse_graph, read_graph
from ragreason.graph.yaml import MAX_CHARS, read_scalar, read_yaml

CORRECTIVE = """\
version: 1
name: corrective
paradigm: reasoning_enhanced_retrieval
source: https://arxiv.org/abs/2401.15884
description: Grade what was retrieved; rewrite the query and search again.
budget: {steps: 8, tokens: 6000, seconds: 60}
nodes:
  retrieve: {use: retrieve, k: 8}
  grade:    {use: grade, verifier: {use: relevance}}
  rewrite:  {use: rewrite, model: small}
  answer:   {use: answer}
edges:
  - [START, retrieve]
  - [retrieve, grade]
  - {from: grade, to: answer,  when: {field: evidence, is: sufficient}}
  - {from: grade, to: rewrite, otherwise: true}
  - {from: rewrite, to: retrieve, at_most: 3, then: answer}
  - [answer, END]
"""

SEARCH = """\
version: 1
name: mcts_rag
paradigm: synergized
nodes:
  solve:
    use: reason
    policy:   {use: react}
    strategy: {use: mcts, simulations: 16, exploration: 1.25}
    verifier: groundedness
  answer: {use: answer}
edges: [[START, solve], [solve, answer], [answer, END]]
"""


def complaint(text: str, **given_: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_graph(text, path="g.yaml", **given_)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def changed(old: str, new: str) -> str:
    assert old in CORRECTIVE
    return complaint(CORRECTIVE.replace(old, new))


def test_the_designs_examples_are_read() -> None:
    graph = parse_graph(CORRECTIVE)
    assert graph.budget.tokens == 6000
    assert graph.nodes["retrieve"].parameters == {"k": 8}
    assert graph.nodes["rewrite"].model == "small"
    assert graph.edges[2].when == Condition.model_validate(
        {"field": "evidence", "is": "sufficient"}
    )
    assert (graph.edges[4].at_most, graph.edges[4].then) == (3, "answer")
    solve = parse_graph(SEARCH).nodes["solve"]
    assert solve.strategy is not None
    assert solve.strategy.parameters == {"simulations": 16, "exploration": 1.25}
    assert solve.verifier is not None
    assert solve.verifier.use == "groundedness"


def test_sub_graphs_have_keys_in_and_out() -> None:
    node = "{use: graph, graph: naive_rag, in: {question: item}, out: {answer: notes}}"
    spec = parse_graph(CORRECTIVE.replace("{use: rewrite, model: small}", node)).nodes["rewrite"]
    assert (spec.graph, spec.in_, spec.out) == (
        "naive_rag",
        {"question": "item"},
        {"answer": "notes"},
    )


def test_yaml_1_2_is_read() -> None:
    value, _ = read_yaml("{a: yes, b: on, c: 010, d: 0o10, e: 2024-01-01, f: true, g: 1e3, h: ~}")
    assert value == {
        "a": "yes",
        "b": "on",
        "c": 10,
        "d": 8,
        "e": "2024-01-01",
        "f": True,
        "g": 1000.0,
        "h": None,
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "paradigm: r",
            "paradigm: rr",
            "g.yaml:3: paradigm: input should be 'baseline', 'reasoning_enhanced_retrieval', "
            "'retrieval_enhanced_reasoning' or 'synergized'; given "
            "'rreasoning_enhanced_retrieval'; did you mean 'reasoning_enhanced_retrieval'?",
        ),
        ("version: 1", "version: 2", "g.yaml:1: version: input should be 1; given 2"),
        ("at_most: 3", "at_mots: 3", "g.yaml:17: unknown field 'at_mots' in an edge; did you mean"),
        (
            "is: suff",
            "iss: suff",
            "g.yaml:15: unknown field 'iss' in a condition; did you mean 'is'",
        ),
        ("steps: 8", "steps: 0", "g.yaml:6: budget.steps: input should be greater than or equal"),
        (
            "steps: 8",
            "stepps: 8",
            "g.yaml:6: unknown field 'stepps' in budget; did you mean 'steps'",
        ),
        ("  answer:   {use: answer}", "  answer: {us: answer}", "g.yaml:11: a node needs 'use'"),
        ("name: corrective\n", "", "g.yaml:1: a graph file needs 'name'"),
        ("name: c", "nmae: c", "g.yaml:1: a graph file needs 'name'"),
        ("[answer, END]", "[answer, END, x]", "g.yaml:18: an edge is [from, to]; this list has 3"),
        ("[answer, END]", "[END, answer]", "g.yaml:18: edges lead from START and to END"),
        (", then: answer", "", "g.yaml:17: at_most and then belong together"),
        ("at_most: 3", "at_most: 0", "g.yaml:17: edges.4.at_most: input should be greater than"),
        ("is: sufficient", "is: a, equals: b", "g.yaml:15: a condition has exactly one of"),
        ("otherwise: true", "otherwise: yep", "g.yaml:16: edges.3.otherwise: input should be a"),
    ],
)
def test_complaints_name_file_line_and_what_was_expected(old: str, new: str, expected: str) -> None:
    assert changed(old, new).startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "g.yaml:1: the file is empty"),
        ("- a", "g.yaml:1: expected a mapping with name, nodes and edges; found a list"),
        ("a: [1, 2", "g.yaml:1: not YAML: expected ',' or ']'"),
        ("a: 1\na: 2", "g.yaml:2: 'a' is given twice"),
        ("a: !!python/object/apply:os.system ['true']", "g.yaml:1: the tag '!!python/object/app"),
        ("a: !own x", "g.yaml:1: the tag '!own' is not allowed"),
        ("a: &x {b: 1}\nc: {<<: *x}", "g.yaml:2: merge keys"),
        ("a: &x [*x]", "g.yaml:1: nested more than 24 deep"),
        ("? [a]\n: b", "g.yaml:1: a key must be plain text"),
        ("a: !!int x", "g.yaml:1: 'x' is not a number"),
        ("a: !!bool maybe", "g.yaml:1: 'maybe' is not true or false"),
        ("a: !!map x", "g.yaml:1: the tag '!!map' is not allowed"),
        ("a: !!seq x", "g.yaml:1: the tag '!!seq' is not allowed"),
        ("a: *nope", "g.yaml:1: not YAML: found undefined alias"),
        ("a: 1\n---\nb: 2", "g.yaml:2: not YAML: but found another document"),
        ("a: \x00", "g.yaml: not YAML: "),
    ],
)
def test_bad_yaml_gives_one_line(text: str, expected: str) -> None:
    assert complaint(text).startswith(expected)


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    assert "more than 20000 values" in complaint("\n".join(lines))


def test_a_huge_or_deep_file_is_refused() -> None:
    assert complaint("a" * (MAX_CHARS + 1)).startswith("g.yaml: the file has 262145 characters")
    assert "deep" in complaint("[" * 1200)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="can't be read: No such file"):
        read_graph(tmp_path / "a.yaml")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00x")
    with pytest.raises(GraphError, match="not UTF-8"):
        read_graph(tmp_path / "b.yaml")


@given(st.text(alphabet=st.sampled_from("ab:{}[]-!&*<> \n'\"#|?,0."), max_size=60))
def test_any_text_gives_a_graph_or_one_line(text: str) -> None:
    found = ""
    try:
        parse_graph(text, path="g.yaml")
    except GraphError as error:
        found = str(error)
    assert "\n" not in found


def test_overrides_reach_nodes_parts_budget_and_edges() -> None:
    overrides = ["solve.strategy.simulations=32", "solve.policy.temperature=0.5", "budget.tokens=5"]
    graph = parse_graph(SEARCH, overrides=[*overrides, "nodes.solve.k=7", "description=x y"])
    solve = graph.nodes["solve"]
    assert solve.strategy is not None
    assert solve.policy is not None
    assert solve.strategy.parameters == {"simulations": 32, "exploration": 1.25}
    assert solve.policy.parameters == {"temperature": 0.5}
    assert solve.parameters == {"k": 7}
    assert graph.budget.tokens == 5
    assert graph.description == "x y"
    loop = parse_graph(CORRECTIVE, overrides=["rewrite->retrieve.at_most=9"])
    assert loop.edges[4].at_most == 9


def test_overrides_keep_a_short_parts_name() -> None:
    graph = parse_graph(SEARCH, overrides=["solve.verifier.threshold=0.5"])
    verifier = graph.nodes["solve"].verifier
    assert verifier is not None
    assert (verifier.use, verifier.parameters) == ("groundedness", {"threshold": 0.5})


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("retreive.k=3", "--set retreive.k=3: no node 'retreive'; did you mean 'retrieve'?"),
        ("vllm_context=4", "--set vllm_context=4: no node 'vllm_context'; known: "),
        ("x->y=4", "--set x->y=4: no edge 'x->y'; known: "),
        ("k", "--set k: expected key=value"),
        ("retrieve..k=1", "--set retrieve..k=1: expected key=value"),
        ("retrieve.k.x=1", "--set retrieve.k.x=1: 'x' is inside a value without fields"),
        ("budget.steps=-3", "--set budget.steps=-3: budget.steps: input should be greater"),
        ("retrieve.k=[1", "--set retrieve.k=[1: not YAML"),
        ("a->b.at_most=1", "--set a->b.at_most=1: no edge 'a->b'"),
    ],
)
def test_a_wrong_override_is_named(override: str, expected: str) -> None:
    assert complaint(CORRECTIVE, overrides=[override]).startswith(expected)


def test_scalars_are_read_as_in_a_file() -> None:
    read = [read_scalar(t) for t in ("32", "1.5", "true", "yes", "[a, 1]", "", "a b")]
    assert read == [32, 1.5, True, "yes", ["a", 1], "", "a b"]


def test_a_definition_survives_its_own_dump() -> None:
    for text in (CORRECTIVE, SEARCH):
        graph = parse_graph(text)
        dumped = graph.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        assert build_definition(dumped).at(graph.origin) == graph


def test_definitions_can_be_made_in_python() -> None:
    made = Definition.model_validate(
        {
            "version": 1,
            "name": "g",
            "paradigm": "baseline",
            "nodes": {"answer": {"use": "answer"}},
            "edges": [("START", "answer"), ("answer", "END")],
        }
    )
    assert made.origin.line(("nodes",)) is None
    assert str(made.origin.error(("nodes",), "x")) == "x"
