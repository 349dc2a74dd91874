"""The solver answers, and catches each kind of planted defect."""

from typing import Any

import pytest

from ragreason.worlds.solve import FactIndex, defects, solve
from ragreason.worlds.world import Comparison, Document, Fact, Query, Triple, WorldQuestion

BIRTHPLACE: tuple[Triple, ...] = (("Fen", "designed_by", "?a"), ("?a", "born_in", "?x"))
LONGER = Comparison(options=("Fen", "Gill"), relation="length_m", pick="most")


@pytest.fixture
def facts(documents: list[Document]) -> FactIndex:
    return FactIndex(documents)


def _bridge(**changes: Any) -> WorldQuestion:
    question = WorldQuestion(
        id="q",
        question="Where was the designer of Fen born?",
        answer="Ash",
        type="bridge",
        hops=2,
        supporting=("Fen", "Ada"),
        path=(("Fen", "designed_by", "Ada"), ("Ada", "born_in", "Ash")),
        query=Query(patterns=BIRTHPLACE, answer="?x"),
    )
    return question.model_copy(update=changes)


def _both(**changes: Any) -> WorldQuestion:
    patterns: tuple[Triple, ...] = (("Club", "member", "?x"), ("Prize", "won_by", "?x"))
    question = WorldQuestion(
        id="q",
        question="Which member of the club won the prize?",
        answer="Bo",
        type="intersection",
        hops=2,
        supporting=("Club", "Prize"),
        path=(("Club", "member", "Bo"), ("Prize", "won_by", "Bo")),
        query=Query(patterns=patterns, answer="?x"),
    )
    return question.model_copy(update=changes)


@pytest.mark.parametrize(
    ("query", "answers"),
    [
        (Query(patterns=BIRTHPLACE, answer="?x"), {"Ash"}),
        (Query(patterns=(("?x", "born_in", "Elm"),), answer="?x"), {"Bo"}),
        (Query(patterns=(("Cy", "spouse", "?x"),), answer="?x"), {"Ada"}),
        (Query(patterns=(("Club", "member", "?x"),), answer="?x"), {"Ada", "Bo"}),
        (Query(patterns=(("Cy", "born_in", "?x"),), answer="?x"), set()),
        (Query(patterns=(("?x", "member", "?x"),), answer="?x"), set()),
        (Query(comparison=LONGER, answer="?winner"), {"Fen"}),
        (
            Query(patterns=(("?winner", "designed_by", "?x"),), comparison=LONGER, answer="?x"),
            {"Ada"},
        ),
        (
            Query(comparison=LONGER.model_copy(update={"pick": "least"}), answer="?winner"),
            {"Gill"},
        ),
        (Query(comparison=LONGER, claim="Fen"), {"yes"}),
        (Query(comparison=LONGER, claim="Gill"), {"no"}),
        (
            Query(comparison=LONGER.model_copy(update={"options": ("Fen", "Ada")}), claim="Fen"),
            set(),
        ),
        (
            Query(
                patterns=(("?f", "designed_by", "Ada"), ("?g", "designed_by", "Bo")),
                comparison=LONGER.model_copy(update={"options": ("?f", "?g")}),
                answer="?winner",
            ),
            {"Fen"},
        ),
    ],
)
def test_joins_give_every_answer(query: Query, answers: set[str], facts: FactIndex) -> None:
    assert solve(query, facts) == answers


def test_a_tie_has_no_winner(documents: list[Document]) -> None:
    same = Fact(subject="Gill", relation="length_m", object="1,200")
    documents[1] = documents[1].model_copy(update={"facts": (same,)})
    assert solve(Query(comparison=LONGER, answer="?winner"), FactIndex(documents)) == set()


def test_hidden_documents_tell_nothing(facts: FactIndex) -> None:
    assert solve(_bridge().query, facts, {"Ada"}) == set()


def test_sound_questions_are_proved(facts: FactIndex) -> None:
    assert defects(_bridge(), facts) == []
    assert defects(_both(), facts) == []


def test_an_ambiguous_answer_is_caught(documents: list[Document]) -> None:
    second = Fact(subject="Fen", relation="designed_by", object="Bo")
    stray = Document(id="stray", title="Stray", text="", facts=(second,))
    found = defects(_bridge(), FactIndex([*documents, stray]))
    assert found == ["the world answers ['Ash', 'Elm'], not just 'Ash'"]


def test_a_document_stated_twice_over_is_not_needed(documents: list[Document]) -> None:
    shortcut = Fact(subject="Fen", relation="designed_by", object="Ada")
    documents[2] = documents[2].model_copy(update={"facts": (*documents[2].facts, shortcut)})
    assert defects(_bridge(), FactIndex(documents)) == ["gold document not needed: Fen"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"supporting": ("Fen", "Ada", "Club"), "hops": 3}, "gold document not needed: Club"),
        ({"supporting": ("Fen", "Nobody")}, "no such gold document: Nobody"),
        ({"supporting": ("Fen", "Bo")}, "'Ash' does not follow from the gold documents alone"),
        ({"answer": "Elm"}, "the world answers ['Ash'], not just 'Elm'"),
        ({"hops": 3}, "3 hops, but 2 gold documents"),
        (
            {"path": (("Ada", "born_in", "Elm"),)},
            "not stated in gold: ('Ada', 'born_in', 'Elm')",
        ),
    ],
)
def test_planted_defects_are_caught(
    changes: dict[str, Any], expected: str, facts: FactIndex
) -> None:
    assert expected in defects(_bridge(**changes), facts)


def test_a_condition_that_narrows_nothing_is_caught(documents: list[Document]) -> None:
    alone = Fact(subject="Club", relation="member", object="Bo")
    documents[4] = documents[4].model_copy(update={"facts": (alone,)})
    found = defects(_both(), FactIndex(documents))
    assert found == ["condition that narrows nothing: ('Prize', 'won_by', '?x')"]
