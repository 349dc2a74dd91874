"""The search tree."""

import pytest
from hypothesis import given, strategies as st

from ragreason.tree import ROOT, Added, Asked, Event, Judged, Tree
from ragreason.types import Step, StepKind, Verdict


def step(text: str, kind: StepKind = "thought", *, truncated: bool = False) -> Step:
    return Step(kind=kind, text=text, answer=text if kind == "answer" else "", truncated=truncated)


def judged(node: int, score: float, *, outcome: bool = False) -> Judged:
    return Judged(node=node, verdict=Verdict(score=score), outcome=outcome)


@pytest.fixture
def drawn() -> Tree:
    """0 ┬ 1 a ┬ 3 c (answer)
    │     └ 4 failed
    └ 2 b ─ 5 e (answer, cut by the length limit)
    """
    return Tree(
        [
            Asked(node=0, n=2),
            Added(parent=0, step=step("a")),
            Added(parent=0, step=step("b")),
            judged(1, 0.7),
            judged(2, 0.2),
            Asked(node=1, n=2),
            Asked(node=2, n=3),
            Added(parent=1, step=step("c", "answer")),
            Added(parent=1, step=None, reason="no step in it"),
            Added(parent=2, step=step("e", "answer", truncated=True)),
            judged(3, 0.9),
            judged(3, 0.4, outcome=True),
            judged(1, 0.6),
        ]
    )


def test_an_empty_tree_is_its_root() -> None:
    tree = Tree()
    assert len(tree) == 1
    assert tree.parent(ROOT) is None
    assert tree.step(ROOT) is None
    assert tree.leaves == (ROOT,)
    assert tree.answers == ()
    assert tree.pending == {}
    assert tree.trajectory(ROOT).steps == ()
    assert tree.depth(ROOT) == 0
    assert not tree.finished(ROOT)
    assert not tree.failed(ROOT)


def test_nodes_are_numbered_as_they_were_added(drawn: Tree) -> None:
    assert len(drawn) == 6
    assert [list(drawn.children(n)) for n in range(6)] == [[1, 2], [3, 4], [5], [], [], []]
    assert [drawn.parent(n) for n in range(1, 6)] == [0, 0, 1, 1, 2]


def test_paths_leave_out_the_root(drawn: Tree) -> None:
    assert drawn.path(3) == (1, 3)
    assert drawn.depth(3) == 2
    assert [s.text for s in drawn.trajectory(3).steps] == ["a", "c"]


def test_places_are_positions_among_siblings(drawn: Tree) -> None:
    assert drawn.places(4) == (0, 1)
    assert drawn.places(5) == (1, 0)


def test_places_do_not_depend_on_arrival_elsewhere() -> None:
    one = Tree([Added(parent=0, step=step(t)) for t in "ab"] + [Added(parent=1, step=step("x"))])
    two = Tree([*one.events[:2], Added(parent=2, step=step("y")), one.events[2]])
    assert one.places(3) == two.places(4) == (0, 0)


def test_a_cut_answer_is_not_finished_and_a_failed_node_is_no_leaf(drawn: Tree) -> None:
    assert drawn.answers == (3,)
    assert drawn.leaves == (3, 5)
    assert [n for n in range(6) if drawn.failed(n)] == [4]


def test_what_was_asked_for_and_did_not_arrive_is_pending(drawn: Tree) -> None:
    assert drawn.pending == {2: 2}


def test_a_failed_proposal_is_not_asked_for_again(drawn: Tree) -> None:
    assert 1 not in drawn.pending


def test_asking_twice_adds_up() -> None:
    events: list[Event] = [Asked(node=0, n=1), Added(parent=0, step=step("a")), Asked(node=0, n=2)]
    assert Tree(events).pending == {0: 2}


def test_the_last_verdict_counts_and_outcomes_are_apart(drawn: Tree) -> None:
    assert drawn.verdict(1) == Verdict(score=0.6)
    assert drawn.verdict(3) == Verdict(score=0.9)
    assert drawn.verdict(3, outcome=True) == Verdict(score=0.4)
    assert drawn.verdict(5) is None


def test_step_scores_show_gaps(drawn: Tree) -> None:
    assert drawn.step_scores(3) == (0.6, 0.9)
    assert drawn.step_scores(5) == (0.2, None)


@pytest.mark.parametrize("parent", [-1, 1, 3])
def test_a_child_of_no_earlier_node_is_refused(parent: int) -> None:
    with pytest.raises(ValueError, match=f"under {parent}, not an earlier node"):
        Tree([Added(parent=parent, step=step("a"))])


parents = st.lists(st.integers(0, 30), max_size=30).map(
    lambda draws: [min(d, i) for i, d in enumerate(draws)]
)


@given(parents)
def test_derived_views_agree_with_a_slow_oracle(ups: list[int]) -> None:
    tree = Tree([Added(parent=up, step=step(str(i))) for i, up in enumerate(ups, start=1)])
    for node in range(1, len(tree)):
        chain = [node]
        while ups[chain[0] - 1] != ROOT:
            chain.insert(0, ups[chain[0] - 1])
        assert tree.path(node) == tuple(chain)
        assert tree.depth(node) == len(chain)
        assert node in tree.children(tree.parent(node) or ROOT)
    inner = set(ups)
    assert tree.leaves == tuple(n for n in range(len(tree)) if n not in inner)


@given(parents, st.integers(0, 30))
def test_a_longer_log_only_adds(ups: list[int], cut: int) -> None:
    events = [Added(parent=up, step=step(str(i))) for i, up in enumerate(ups, start=1)]
    short, long = Tree(events[:cut]), Tree(events)
    for node in range(len(short)):
        assert short.path(node) == long.path(node)
        assert short.places(node) == long.places(node)
