"""Parts given at run time reach the nodes; what is missing is named with the flag that gives it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from ragreason.errors import CapabilityError, ConfigError, GraphError
from ragreason.generation.scripted import Scripted
from ragreason.graph.bind import Parts
from ragreason.graph.load import load_graph
from ragreason.graph.read import parse_graph

TEXT = """
version: 1
name: g
paradigm: baseline
nodes:
  find: {use: find}
  reword: {use: reword, model: small}
  answer: {use: reply}
edges: [[START, reword], [reword, find], [find, answer], [answer, END]]
"""


async def ask(text: str, parts: Parts) -> Any:
    return await load_graph(parse_graph(text, "g.yaml"), parts=parts).ainvoke({"question": "q"})


async def test_nodes_use_the_engine_they_name(engine: Any, search: Any) -> None:
    small = type(engine)("small")
    await ask(TEXT, Parts({"main": engine, "small": small}, {"main": search}))
    assert (small.calls, engine.calls) == (["q"], ["q"])


async def test_with_one_engine_all_nodes_use_it(parts: Parts, engine: Any) -> None:
    await ask(TEXT, parts)
    assert engine.calls == ["q", "q"]


async def test_an_engine_that_was_not_given_names_the_nearest(engine: Any, search: Any) -> None:
    parts = Parts({"main": engine, "smal": engine}, {"main": search})
    with pytest.raises(GraphError) as caught:
        await ask(TEXT, parts)
    assert str(caught.value) == (
        "g.yaml:7: no model 'small' was given; did you mean 'smal'? given: main, smal; "
        "give --model small=NAME"
    )
    with pytest.raises(GraphError, match=r"no model 'small' was given; given: main, other; give"):
        await ask(TEXT, Parts({"main": engine, "other": engine}, {"main": search}))


async def test_nodes_use_the_retriever_they_name(engine: Any, search: Any) -> None:
    other = type(search)("other")
    text = TEXT.replace("{use: find}", "{use: find, retriever: other}")
    await ask(text, Parts({"main": engine}, {"main": search, "other": other}))
    assert (len(search.queries), len(other.queries)) == (0, 1)


async def test_a_registered_retriever_opens_over_the_same_index(engine: Any, search: Any) -> None:
    opened: list[str] = []

    def opener(kind: str) -> Any:
        opened.append(kind)
        return search

    text = TEXT.replace("{use: find}", "{use: find, retriever: bm25}")
    await ask(text, Parts({"main": engine}, {"main": search}, open_retriever=opener))
    assert opened == ["bm25"]


async def test_an_unknown_retriever_names_the_nearest(parts: Parts) -> None:
    with pytest.raises(GraphError, match=r"g.yaml:6: no retriever 'bm2'; did you mean 'bm25'\?"):
        await ask(TEXT.replace("{use: find}", "{use: find, retriever: bm2}"), parts)


async def test_what_was_not_given_is_named_with_its_flag(engine: Any, search: Any) -> None:
    with pytest.raises(ConfigError, match=r"node 'find' needs an index to search; give --index"):
        await ask(TEXT, Parts({"main": engine}))
    with pytest.raises(ConfigError, match=r"node 'reword' needs a model; give --model NAME"):
        await ask(TEXT, Parts({}, {"main": search}))


async def test_a_part_that_a_node_cannot_do_without(parts: Parts) -> None:
    text = TEXT.replace("{use: find}", "{use: grade}")
    with pytest.raises(GraphError, match=r"'grade' needs a verifier: give verifier: {use: NAME}"):
        await ask(text, parts)


async def test_a_given_verifier_is_used(engine: Any, search: Any) -> None:
    from ragreason.types import Verdict

    class Mine:
        judges = frozenset({"hits"})

        async def judge(self, question: Any, items: Any) -> list[Verdict]:
            return [Verdict(score=1) for _ in items]

        async def sufficiency(self, question: Any, hits: Any) -> Verdict:
            return Verdict(score=1, label="sufficient", reason="mine")

    text = TEXT.replace("[find, answer]", "[find, grade], [grade, answer]").replace(
        "  answer:", "  grade: {use: grade, verifier: mine}\n  answer:"
    )
    verifiers: Any = {"mine": Mine()}
    done = await ask(text, Parts({"main": engine}, {"main": search}, verifiers))
    assert done["sufficiency"].reason == "mine"


async def test_an_engine_that_lacks_something_is_refused_with_those_that_have_it(
    parts: Parts, registered: Callable[[str, Any], None]
) -> None:
    @dataclass(frozen=True)
    class Picky:
        needs: ClassVar[frozenset[str]] = frozenset({"logprobs", "seed"})
        reads: ClassVar[tuple[str, ...]] = ()
        writes: ClassVar[tuple[str, ...]] = ("query",)
        engine: Any

        async def __call__(self, state: Any) -> dict[str, Any]:
            return {}

    registered("picky", Picky)
    with pytest.raises(CapabilityError) as caught:
        await ask(TEXT.replace("{use: find}", "{use: picky}"), parts)
    message = str(caught.value)
    assert message.startswith(
        "graph 'g', node 'find': 'picky' needs logprobs, which the engine 'fake' lacks; "
        "engines that have it: "
    )
    assert "openvino" in message


async def test_a_policys_needs_are_checked_on_its_nodes_engine(parts: Parts) -> None:
    text = TEXT.replace("{use: find}", "{use: reason, policy: react, strategy: greedy}")
    with pytest.raises(CapabilityError, match="'react' needs prefill, which the engine 'fake'"):
        await ask(text, parts)


SEARCHES = """
version: 1
name: g
paradigm: synergized
nodes:
  solve: {use: reason, policy: POLICY, strategy: greedy}
  answer: {use: reply}
edges: [[START, solve], [solve, answer], [answer, END]]
"""


@pytest.mark.parametrize("policy", ["react", "ircot"])
def test_a_policy_that_searches_is_refused_without_an_index(policy: str) -> None:
    text = SEARCHES.replace("POLICY", policy)
    with pytest.raises(ConfigError, match=r"node 'solve' needs an index to search; give --index"):
        load_graph(parse_graph(text), parts=Parts({"main": Scripted()}))


def test_a_policy_that_only_thinks_needs_no_index() -> None:
    load_graph(parse_graph(SEARCHES.replace("POLICY", "cot")), parts=Parts({"main": Scripted()}))
