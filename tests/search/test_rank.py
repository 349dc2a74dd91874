"""Answers in order of their outcomes."""

from ragreason.search.rank import by_outcome, is_empty, open_leaves
from ragreason.tree import Added, Finish, Tree
from tests.search.drawn import scored, step, under


def answers(*texts: str, scores: dict[int, float]) -> Tree:
    found = under(0, *(step("t", "answer", answer=text) for text in texts))
    return Tree([*found, *scored(scores, outcome=True)])


def test_ties_keep_their_order_and_among_equals_what_says_something_comes_first() -> None:
    tree = answers("", "a", "b", "c", scores={1: 0.5, 2: 0.5, 3: 0.5, 4: 0.75})
    assert by_outcome(tree) == Finish(((4, 0.75), (2, 0.5), (3, 0.5), (1, 0.5)))


def test_an_answer_without_a_verdict_comes_after_every_judged_one() -> None:
    tree = answers("a", "b", "c", scores={2: 0.0, 3: 0.5})
    assert by_outcome(tree) == Finish(((3, 0.5), (2, 0.0), (1, 0.0)))


def test_where_scores_are_below_zero_an_unjudged_answer_is_no_better_than_the_worst() -> None:
    tree = answers("a", "b", "c", scores={2: -3.0, 3: -1.0})
    assert by_outcome(tree) == Finish(((3, -1.0), (2, -3.0), (1, -3.0)))


def test_white_space_is_no_answer() -> None:
    tree = answers(" \n", "a", scores={})
    assert (is_empty(tree, 1), is_empty(tree, 2), is_empty(tree, 0)) == (True, False, True)


def test_open_are_leaves_that_are_unfinished_not_failed_and_not_too_deep() -> None:
    tree = Tree(
        [
            *under(0, step("t"), None, step("a", "answer"), step("c", "answer", truncated=True)),
            Added(parent=1, step=step("deep")),
        ]
    )
    assert open_leaves(tree, 3) == (4, 5)
    assert open_leaves(tree, 2) == (4,)
    assert open_leaves(Tree(), 3) == ()
