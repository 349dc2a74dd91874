"""Majority vote on hand-drawn trees."""

from ragreason.generation.scripted import Scripted
from ragreason.nodes.search import reason
from ragreason.policies.react import ReAct
from ragreason.protocols import Retriever
from ragreason.search.majority import Majority
from ragreason.tree import Expand, Finish, Mark, Tree
from ragreason.types import Budget, Usage
from tests.search.drawn import step, under


def answers(*texts: str) -> Tree:
    return Tree(under(0, *(step("t", "answer", answer=text) for text in texts)))


def test_the_answer_given_most_often_wins_with_its_share_of_the_votes() -> None:
    found = Majority(n=4).finish(answers("Rome", "Paris", "paris.", "the Paris"))
    assert found == Finish(((2, 0.75), (3, 0.75), (4, 0.75), (1, 0.25)))


def test_numbers_and_dates_that_are_written_differently_are_one_vote() -> None:
    found = Majority(n=5).finish(answers("1875", "1,874", "1874", "12 May 1874", "1874-05-12"))
    assert [node for node, _ in found.nodes] == [2, 3, 4, 5, 1]


def test_ties_go_to_the_answer_seen_first() -> None:
    found = Majority(n=4).finish(answers("b", "c", "c", "b"))
    assert found == Finish(((1, 0.5), (4, 0.5), (2, 0.5), (3, 0.5)))


def test_empty_answers_do_not_vote_and_come_last() -> None:
    found = Majority(n=4).finish(answers("", "  ", "", "Rome"))
    assert found == Finish(((4, 1.0), (1, 0.0), (2, 0.0), (3, 0.0)))


def test_only_empty_answers_are_finished_with_no_votes() -> None:
    assert Majority(n=2).finish(answers("", "")) == Finish(((1, 0.0), (2, 0.0)))


def test_unfinished_and_failed_branches_do_not_vote() -> None:
    tree = Tree(under(0, step("t"), None, step("x", "answer", truncated=True), step("y", "answer")))
    assert Majority(n=4).finish(tree) == Finish(((4, 1.0),))


def test_branches_that_are_open_go_on_and_lacking_ones_are_asked_for() -> None:
    tree = Tree(under(0, step("t"), step("a", "answer")))
    assert Majority(n=5).decide(tree, Usage()) == Expand(((0, 3), (1, 1)))


def test_each_answer_is_marked_with_its_share() -> None:
    marks = Majority(n=3).marks(answers("a", "b", "b"))
    assert marks == {2: Mark(value=2 / 3), 3: Mark(value=2 / 3), 1: Mark(value=1 / 3)}


async def test_it_votes_over_real_trajectories(retriever: Retriever) -> None:
    texts = [" a\nAnswer: 1,874", " b\nAnswer: 1900", " c\nAnswer: 1874"]
    found = await reason(
        "When was Edda Quill born?",
        policy=ReAct(temperature=1.0),
        strategy=Majority(n=3),
        engine=Scripted(default=texts),
        retriever=retriever,
    )
    assert found.answer in {"1,874", "1874"}
    assert [round(weight, 2) for _, weight in found.best] == [0.67, 0.67, 0.33]
    assert len(found.tree.answers) == 3


async def test_a_budget_ends_it_with_the_votes_there_are(retriever: Retriever) -> None:
    def reply(request: object) -> list[str]:
        return [" a\nAnswer: 1874", " b\nSearch: Edda Quill", " c\nSearch: Harrowby"]

    found = await reason(
        "When was Edda Quill born?",
        policy=ReAct(temperature=1.0, search_first=False),
        strategy=Majority(n=3),
        engine=Scripted(default=reply),
        retriever=retriever,
        budget=Budget(calls=1),
    )
    assert found.forced == "budget of calls"
    assert found.answer == "1874"
