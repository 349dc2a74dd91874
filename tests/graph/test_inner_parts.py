"""Parts inside parts: tools of a policy, and a policy around another."""

from pathlib import Path
from typing import Any

import pytest

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.errors import CapabilityError, ConfigError, GraphError
from ragreason.generation.scripted import Scripted
from ragreason.graph.bind import Parts
from ragreason.graph.library import read_nested
from ragreason.graph.load import load_graph
from ragreason.graph.read import parse_graph
from ragreason.index.folder import open_index
from ragreason.protocols import Retriever

GRAPH = """
version: 1
name: acting
paradigm: synergized
nodes:
  act:
    use: reason
    policy: POLICY
    strategy: {use: STRATEGY}
    verifier: {use: progress}
  answer: {use: answer}
edges: [[START, act], [act, answer], [answer, END]]
"""


def graph(policy: str, strategy: str = "greedy") -> Any:
    return parse_graph(GRAPH.replace("POLICY", policy).replace("STRATEGY", strategy), "g.yaml")


@pytest.fixture
def parts(retriever: Retriever, index_dir: Path) -> Parts:
    return Parts(
        {"main": Scripted(default="1874")},
        {"main": retriever},
        embedder=HashingEmbedder(),
        index=lambda: open_index(index_dir),
    )


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("{use: agent, tools: [serch]}", "unknown tool 'serch'; did you mean 'search'?"),
        ("{use: agent, tools: [{use: search, kk: 2}]}", "'search' has no parameter 'kk'"),
        ("{use: agent, tools: [{use: search, k: 0}]}", "'search': k: "),
        ("{use: react, tools: [search]}", "'react' uses no tools"),
        ("{use: react, policy: {use: ircot}}", "'react' uses no policy"),
        ("{use: reflect, policy: {use: reakt}}", "unknown policy 'reakt'; did you mean 'react'?"),
        ("{use: reflect, policy: {use: react, temperatur: 1}}", "did you mean 'temperature'?"),
        ("{use: agent, tools: ['mine:Tool']}", "allow it with --allow-import mine"),
    ],
)
def test_what_is_wrong_inside_is_told_with_its_line(policy: str, told: str) -> None:
    with pytest.raises(GraphError) as caught:
        read_nested(graph(policy))
    assert told in str(caught.value)
    assert str(caught.value).startswith("g.yaml:8:")


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("{use: agent, tools: [search, search]}", "there are two tools 'search'"),
        ("{use: reflect}", "'reflect' needs a policy"),
    ],
)
def test_what_can_not_be_put_together_is_refused_before_anything_runs(
    policy: str, told: str, parts: Parts
) -> None:
    with pytest.raises(ConfigError, match=told):
        load_graph(graph(policy), parts=parts)


@pytest.mark.parametrize("tool", ["search", "open_document"])
def test_a_tool_over_documents_needs_an_index(tool: str) -> None:
    alone = Parts({"main": Scripted(default="x")}, embedder=HashingEmbedder())
    with pytest.raises(ConfigError, match="needs an index"):
        load_graph(graph(f"{{use: agent, tools: [{tool}]}}"), parts=alone)


def test_an_engine_that_can_neither_call_nor_go_on_is_refused(parts: Parts) -> None:
    unable = Parts({"main": Scripted(capabilities=frozenset())}, embedder=HashingEmbedder())
    with pytest.raises(CapabilityError, match="an agent in the form 'auto'"):
        load_graph(graph("{use: agent, tools: [calculate]}"), parts=unable)


async def test_searches_by_a_tool_are_charged_to_the_run_and_its_budget(parts: Parts) -> None:
    loaded = load_graph(graph("{use: agent, tools: [search]}"), parts=parts)
    done = await loaded.ainvoke({"question": "When was Edda Quill born?"})
    assert done["usage"].retrievals == 1


def test_samples_of_a_policy_inside_another_are_checked_for_copies() -> None:
    sampled = "{use: reflect, policy: {use: react, temperature: 0.7}}"
    assert read_nested(graph(sampled, "majority")).definition.name == "acting"
    with pytest.raises(GraphError, match="draws 8 samples"):
        read_nested(graph("{use: reflect, policy: {use: react}}", "majority"))
