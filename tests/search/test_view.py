"""A tree without some of its branches."""

from ragreason.search.view import without_branches
from ragreason.tree import Asked, Expand, Finish, RollOut, Tree
from tests.search.drawn import scored, step, under

TREE = Tree(
    [
        *under(0, step("p1"), step("p2")),
        *scored({1: 0.1, 2: 0.2}),
        *under(1, step("p3", "answer")),
        *scored({3: 0.3}, outcome=True),
        *under(0, step("a"), None),
        *scored({4: 0.4}),
        *under(4, step("b"), step("c", "answer")),
        *scored({7: 0.7}, outcome=True),
    ]
)
ALONE = [
    *under(0, step("a"), None),
    *scored({1: 0.4}),
    *under(1, step("b"), step("c", "answer")),
    *scored({4: 0.7}, outcome=True),
]


def test_it_is_as_if_the_branches_had_never_been() -> None:
    view = without_branches(TREE, (1, 2))
    assert list(view.tree.events) == ALONE
    assert view.nodes == (0, 4, 5, 6, 7)


def test_what_was_asked_of_the_root_is_less_by_the_branches_that_are_hidden() -> None:
    events = [Asked(node=0, n=3), *(e for e in under(0, step("p"), step("q"), step("r"))[1:])]
    view = without_branches(Tree(events), (1, 2))
    assert view.tree.asked == {0: 1}
    assert not view.tree.pending


def test_nothing_hidden_is_the_tree_itself() -> None:
    view = without_branches(TREE, ())
    assert view.tree.events == TREE.events
    assert view.nodes == tuple(range(len(TREE)))


def test_everything_hidden_leaves_the_root() -> None:
    assert without_branches(TREE, TREE.children(0)).tree.events == ()


def test_decisions_come_back_in_the_whole_tree_s_numbers() -> None:
    view = without_branches(TREE, (1, 2))
    assert view.whole(Expand(((0, 2), (3, 1)))) == Expand(((0, 2), (6, 1)))
    assert view.whole(RollOut((3,))) == RollOut((6,))
    assert view.whole(Finish(((4, 0.7),))) == Finish(((7, 0.7),))
