"""Events to search trees."""

from typing import Any

from ragreason.events import TraceEvent
from ragreason.traces import Search, searches
from ragreason.tree import Mark
from ragreason.types import Hit, Passage, Step, Verdict

HIT = Hit(passage=Passage(id="p", title="Ada", text="x"), score=1.0, rank=1, source="bm25")


def step(at: int, parent: int, **more: Any) -> TraceEvent:
    made = Step(kind="search", text="Search: ada", query="ada", hits=(HIT,))
    where = {"node": "solve", "question_id": "q", **more}
    return TraceEvent(kind="step", tree_node=at, parent=parent, step=made, **where)


def said(kind: Any, at: int, **what: Any) -> TraceEvent:
    where = {"node": "solve", "question_id": "q", **what}
    return TraceEvent(kind=kind, tree_node=at, **where)


def one(*events: TraceEvent) -> Search:
    (search,) = searches(events)
    return search


def test_a_node_holds_all_that_was_said_of_it() -> None:
    search = one(
        step(1, 0),
        said("verdict", 1, verdict=Verdict(score=0.5, missing=("when",))),
        said("verdict", 1, verdict=Verdict(score=0.25), outcome=True),
        said("mark", 1, mark=Mark(visits=3, value=0.75), weight=2.0),
    )
    assert (search.node, search.question_id, search.best) == ("solve", "q", (1,))
    node = search.nodes[1].model_dump()
    assert node == {
        "id": 1,
        "parent": 0,
        "depth": 1,
        "kind": "search",
        "text": "Search: ada",
        "query": "ada",
        "answer": "",
        "tool": "",
        "arguments": "",
        "result": "",
        "truncated": False,
        "titles": ("Ada",),
        "process": 0.5,
        "outcome": 0.25,
        "missing": ("when",),
        "visits": 3,
        "value": 0.75,
        "pruned": False,
        "weight": 2.0,
        "chosen": True,
    }


def test_the_first_ranked_answer_is_chosen_whatever_the_weights() -> None:
    search = one(
        step(1, 0),
        step(2, 0),
        step(3, 2),
        said("mark", 3, weight=0.5),
        said("mark", 1, weight=0.5),
    )
    assert search.best == (3, 1)
    assert [node.id for node in search.nodes if node.chosen] == [0, 2, 3]


def test_the_root_has_marks_and_no_parent() -> None:
    root = one(step(1, 0), said("mark", 0, mark=Mark(visits=8))).nodes[0]
    assert (root.id, root.parent, root.depth, root.kind, root.visits) == (0, None, 0, "root", 8)
    assert not root.chosen


def test_a_failed_proposal_says_why() -> None:
    search = one(step(1, 0), said("failed", 2, parent=1, text="no proposal"))
    assert (search.nodes[2].kind, search.nodes[2].text) == ("failed", "no proposal")
    assert search.nodes[2].depth == 2


def test_searches_side_by_side_and_one_after_the_other_are_trees_of_their_own() -> None:
    found = searches(
        [
            step(1, 0, question_id="q/0"),
            step(1, 0, question_id="q/1"),
            step(2, 1, question_id="q/1"),
            step(2, 0, question_id="q/0"),
            step(1, 0, node="again", question_id="q/0"),
            step(1, 0, question_id="q/0"),
            said("verdict", 1, question_id="q/0", verdict=Verdict(score=1.0)),
        ]
    )
    assert [(s.node, s.question_id, len(s.nodes) - 1) for s in found] == [
        ("solve", "q/0", 2),
        ("solve", "q/1", 2),
        ("again", "q/0", 1),
        ("solve", "q/0", 1),
    ]
    assert [s.nodes[1].process for s in found] == [None, None, None, 1.0]


def test_steps_whose_parents_came_before_a_restart_hang_from_the_root() -> None:
    search = one(
        said("verdict", 4, verdict=Verdict(score=1.0)),
        step(5, 4),
        step(6, 5),
    )
    assert [(n.id, n.parent, n.depth) for n in search.nodes] == [(0, None, 0), (5, 0, 1), (6, 5, 2)]


def test_other_events_make_no_tree() -> None:
    assert searches([TraceEvent(kind="search", query="ada"), said("mark", 0, mark=Mark())]) == ()
