"""Each rule has its complaint, with file, line, what was expected, and the nearest name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field

from ragreason.graph.checks import check_graph
from ragreason.graph.read import parse_graph

HEAD = "version: 1\nname: g\nparadigm: baseline\n"
GOOD = (
    HEAD
    + """nodes:
  find: {use: find, k: 5}
  judge: {use: judge}
  reword: {use: reword}
  answer: {use: reply}
edges:
  - [START, find]
  - [find, judge]
  - {from: judge, to: answer, when: {field: evidence, is: sufficient}}
  - {from: judge, to: reword, otherwise: true}
  - {from: reword, to: find, at_most: 3, then: answer}
  - [answer, END]
"""
)


def complaints(text: str, **given: Any) -> list[str]:
    return [str(e) for e in check_graph(parse_graph(text, path="g.yaml"), **given)]


def changed(old: str, new: str) -> list[str]:
    assert old in GOOD
    return complaints(GOOD.replace(old, new))


def test_a_good_graph_has_no_complaint() -> None:
    assert complaints(GOOD) == []


def test_an_unknown_node_kind_names_the_nearest() -> None:
    (found,) = changed("{use: find, k: 5}", "{use: fnid, k: 5}")
    assert found.startswith("g.yaml:5: unknown node kind 'fnid'; did you mean 'find'?")


def test_an_unknown_parameter_names_the_nearest() -> None:
    (found,) = changed("k: 5", "kk: 5")
    assert found == "g.yaml:5: 'find' has no parameter 'kk'; did you mean 'k'? known: k"


def test_a_parameter_out_of_range_says_the_range() -> None:
    (found,) = changed("k: 5", "k: 0")
    assert found == "g.yaml:5: 'find': k: input should be greater than or equal to 1; given 0"


def test_a_missing_parameter_is_named(registered: Callable[[str, Any], None]) -> None:
    @dataclass(frozen=True)
    class Wide:
        reads: ClassVar[tuple[str, ...]] = ()
        writes: ClassVar[tuple[str, ...]] = ("evidence",)
        width: Annotated[int, Field(ge=1)]

    registered("wide", Wide)
    (found,) = changed("{use: find, k: 5}", "{use: wide}")
    assert found == "g.yaml:5: 'wide' needs the parameter 'width'"


def test_a_part_that_a_node_cannot_use_is_refused() -> None:
    (found,) = changed("{use: find, k: 5}", "{use: find, model: small}")
    assert found == "g.yaml:5: 'find' uses no model; it takes retriever"


def test_effort_is_refused_where_it_would_be_ignored() -> None:
    (found,) = changed("{use: find, k: 5}", "{use: find, effort: high}")
    assert found == "g.yaml:5: 'find' has no effort of its own: it calls no model"


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (
            "{use: reason, policy: {use: raect}, strategy: greedy}",
            "unknown policy 'raect'; did you mean 'react'?",
        ),
        (
            "{use: reason, policy: react, strategy: {use: gredy}}",
            "unknown strategy 'gredy'; did you mean 'greedy'?",
        ),
        (
            "{use: grade, verifier: {use: relevence}}",
            "unknown verifier 'relevence'; did you mean 'relevance'?",
        ),
    ],
)
def test_an_unknown_part_names_the_nearest(node: str, expected: str) -> None:
    found = changed("{use: find, k: 5}", node)
    assert found[0].startswith(f"g.yaml:5: {expected}")


def test_a_verifier_given_at_run_time_need_not_be_registered() -> None:
    text = GOOD.replace("{use: judge}", "{use: grade, verifier: mine}")
    assert "unknown verifier 'mine'" in complaints(text)[0]
    assert complaints(text, verifiers={"mine"}) == []


def test_a_module_needs_permission() -> None:
    (found,) = changed("{use: find, k: 5}", "{use: 'os:system'}")
    assert found == (
        "g.yaml:5: node kind 'os:system' would import 'os'; allow it with --allow-import os"
    )


@pytest.mark.parametrize(
    ("edge", "where"),
    [("[fnid, judge]", "from"), ("[find, jugde]", "to")],
)
def test_an_edge_to_an_unknown_node_names_the_nearest(edge: str, where: str) -> None:
    (found,) = changed("[find, judge]", edge)
    assert found.startswith("g.yaml:11: no node '")
    assert "did you mean" in found


def test_a_loops_exit_to_an_unknown_node_names_the_nearest() -> None:
    (found,) = changed("then: answer", "then: anwser")
    assert found.startswith("g.yaml:14: no node 'anwser'; did you mean 'answer'?")


def test_a_condition_on_an_unknown_key_names_the_nearest() -> None:
    (found,) = changed("field: evidence", "field: evidense")
    assert found.startswith("g.yaml:12: when: 'evidense' is no state key; did you mean 'evidence'?")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("{field: evidence, is: enough}", "'evidence' can't be 'enough'; expected one of empty"),
        ("{field: sufficiency, is: empty}", "'sufficiency' can't be 'empty'"),
        ("{field: evidence, equals: 3}", "'evidence' can't be compared with equals"),
        ("{field: query, at_least: 3}", "'query' has no size"),
    ],
)
def test_a_condition_that_does_not_fit_its_key(condition: str, expected: str) -> None:
    (found,) = changed("{field: evidence, is: sufficient}", condition)
    assert expected in found


def test_conditions_need_a_way_out() -> None:
    text = GOOD.replace("to: reword, otherwise: true", "to: reword, when: {field: query, is: a}")
    (found,) = complaints(text)
    assert found == ("g.yaml:13: 'judge' has only conditional edges; add one with otherwise: true")


def test_otherwise_needs_a_condition_beside_it() -> None:
    (found,) = changed("[find, judge]", "{from: find, to: judge, otherwise: true}")
    assert found == "g.yaml:11: otherwise: 'find' has no edge with when"


def test_two_ways_out_are_ambiguous() -> None:
    found = complaints(GOOD + "  - [judge, answer]\n")
    assert found == [
        "g.yaml:16: 'judge' has several edges for when no condition holds; keep one otherwise"
    ]


def test_each_needs_a_list() -> None:
    (found,) = changed("[find, judge]", "{from: find, each: query, to: judge}")
    assert found.startswith(
        "g.yaml:11: each: 'query' is no state key with a list; did you mean 'queries'?"
    )


def test_each_needs_a_node() -> None:
    found = changed("[answer, END]", "{from: answer, each: queries, to: END}")
    assert found[0] == "g.yaml:15: each: a branch needs a node, not END"


def test_a_node_that_nothing_leads_to() -> None:
    (found,) = changed("nodes:\n", "nodes:\n  lost: {use: find}\n")
    assert found.startswith("g.yaml:5: node 'lost' ")


def test_a_node_that_never_ends() -> None:
    text = GOOD.replace("  answer: {use: reply}\n", "  answer: {use: reply}\n  pit: {use: find}\n")
    (found,) = complaints(text + "  - [answer, pit]\n")
    assert found == "g.yaml:9: node 'pit' never reaches END; add an edge"


def test_nothing_leaves_start() -> None:
    (found,) = changed("  - [START, find]\n", "")
    assert found == "g.yaml:9: no edge leaves START; add [START, a node]"


def test_a_loop_needs_a_bound() -> None:
    (found,) = changed("{from: reword, to: find, at_most: 3, then: answer}", "[reword, find]")
    assert found == (
        "g.yaml:14: the loop find -> judge -> reword -> find has no bound; give one of its edges "
        "at_most: N and then: a node that answers"
    )


def test_an_exit_that_leads_back_is_no_bound() -> None:
    (found,) = changed("at_most: 3, then: answer", "at_most: 3, then: judge")
    assert "the loop judge -> reword -> judge has no bound" in found


def test_a_loops_exit_needs_an_answer() -> None:
    (found,) = changed("at_most: 3, then: answer", "at_most: 3, then: END")
    assert found == (
        "g.yaml:14: then: 'END' leads to no node that answers; the exit of a loop needs one"
    )


def test_a_loop_after_the_answer_may_end_at_once() -> None:
    text = GOOD.replace("- [answer, END]", "- {from: answer, to: find, at_most: 2, then: END}")
    assert complaints(text) == []


def test_a_key_must_be_written_on_every_path(registered: Callable[[str, Any], None]) -> None:
    @dataclass(frozen=True)
    class Needy:
        answers: ClassVar[bool] = True
        reads: ClassVar[tuple[str, ...]] = ("query",)
        writes: ClassVar[tuple[str, ...]] = ("answer",)

    registered("needy", Needy)
    (found,) = changed("answer: {use: reply}", "answer: {use: needy}")
    assert found == (
        "g.yaml:8: node 'answer' (needy) reads 'query', which is not written on the path "
        "START -> find -> judge -> answer; written by reword"
    )


def test_a_key_that_nobody_writes() -> None:
    (found,) = changed("{use: find, k: 5}", "{use: check, verifier: groundedness}")
    assert "node 'find' (check) reads 'answer', which is not written on the path START" in found
    (found,) = complaints(HEAD + "nodes: {a: {use: abstain}}\nedges: [[START, a], [a, END]]\n")
    assert found == "g.yaml:4: node 'a' (abstain) reads 'sufficiency', which no node writes"


def test_a_branchs_item_needs_each() -> None:
    (found,) = changed("{use: find, k: 5}", "{use: note}")
    assert found.endswith("which only a branch has: lead to it by an edge with each")


def test_an_empty_fan_out_skips_what_the_branch_writes(
    registered: Callable[[str, Any], None],
) -> None:
    @dataclass(frozen=True)
    class Last:
        answers: ClassVar[bool] = True
        reads: ClassVar[tuple[str, ...]] = ("draft",)
        writes: ClassVar[tuple[str, ...]] = ("answer",)

    @dataclass(frozen=True)
    class Draft:
        reads: ClassVar[tuple[str, ...]] = ("item",)
        writes: ClassVar[tuple[str, ...]] = ("draft",)

    registered("last", Last)
    registered("draft", Draft)
    (found,) = complaints(
        HEAD
        + "nodes: {s: {use: split}, d: {use: draft}, a: {use: last}}\n"
        + "edges: [[START, s], {from: s, each: queries, to: d}, [d, a], [a, END]]\n"
    )
    assert "node 'a' (last) reads 'draft'" in found


def test_an_undeclared_state_key_of_a_node(registered: Callable[[str, Any], None]) -> None:
    @dataclass(frozen=True)
    class Stray:
        reads: ClassVar[tuple[str, ...]] = ("question",)
        writes: ClassVar[tuple[str, ...]] = ("evidense",)

    registered("stray", Stray)
    found = changed("{use: find, k: 5}", "{use: stray}")
    assert found[0].startswith("g.yaml:5: 'stray' uses the state key 'evidense', which is not")


def test_a_node_may_declare_keys_of_its_own(registered: Callable[[str, Any], None]) -> None:
    @dataclass(frozen=True)
    class Ready:
        keys: ClassVar[dict[str, Any]] = {"ready": list[str]}
        reads: ClassVar[tuple[str, ...]] = ("question",)
        writes: ClassVar[tuple[str, ...]] = ("ready",)

    registered("ready", Ready)
    assert (
        complaints(
            HEAD
            + "nodes: {ready: {use: ready}, solve: {use: note}, answer: {use: reply}}\n"
            + "edges:\n"
            + "  - [START, ready]\n"
            + "  - {from: ready, to: answer, when: {field: ready, is: empty}}\n"
            + "  - {from: ready, each: ready, to: solve}\n"
            + "  - {from: solve, to: ready, at_most: 6, then: answer}\n"
            + "  - [answer, END]\n"
        )
        == []
    )


def test_all_complaints_come_at_once_in_the_files_order() -> None:
    text = GOOD.replace("k: 5", "kk: 5").replace("use: reword", "use: reward")
    assert [c.split(" ")[0] for c in complaints(text)] == ["g.yaml:5:", "g.yaml:7:"]


def test_every_path_ends_with_an_answer() -> None:
    (found,) = complaints(
        GOOD.replace("{from: judge, to: answer, when", "{from: judge, to: END, when")
    )
    assert found == (
        "g.yaml:15: END is reached without an answer: START -> find -> judge -> END; "
        "put an answer node there"
    )
