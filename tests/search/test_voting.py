"""Answers in groups that say the same."""

from ragreason.search.voting import ballots, ranked
from ragreason.tree import Finish, Tree
from tests.search.drawn import step, under

SAID = ("1,234", "Paris", "1234", "", "paris.", " \n")
TREE = Tree(under(0, *(step("t", "answer", answer=text) for text in SAID)))


def test_groups_and_their_answers_keep_the_order_in_which_they_were_seen() -> None:
    assert ballots(TREE) == [(1, 3), (2, 5)]


def test_only_the_given_nodes_are_grouped() -> None:
    assert ballots(TREE, (5, 3, 4)) == [(5,), (3,)]


def test_a_tree_without_answers_has_no_groups() -> None:
    assert ballots(Tree(under(0, step("t"), None))) == []


def test_heavier_groups_come_first_ties_stay_and_what_says_nothing_comes_last() -> None:
    found = ranked(TREE, [((1, 3), 0.5), ((2, 5), 0.5)])
    assert found == Finish(((1, 0.5), (3, 0.5), (2, 0.5), (5, 0.5), (4, 0.0), (6, 0.0)))
    assert ranked(TREE, [((1, 3), 0.2), ((2, 5), 0.5)]).nodes[0] == (2, 0.5)
