"""The shipped corpus: sound, complete, and closed to guessing."""

import re
from collections import Counter
from pathlib import Path

import pytest

from ragreason.worlds.files import read_world
from ragreason.worlds.solve import FactIndex, defects
from ragreason.worlds.world import Document, World

FOLDER = Path(__file__).parents[2] / "corpora" / "vessmark"


@pytest.fixture(scope="module")
def world() -> World:
    return read_world(FOLDER)


def _tokens(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower().replace(",", "")))


def _surface(title: str) -> str:
    """A title as texts write it: without the bracket that tells namesakes apart."""
    return title.partition(" (")[0]


def test_every_question_is_proved(world: World) -> None:
    facts = FactIndex(world.documents)
    assert {q.id: found for q in world.questions if (found := defects(q, facts))} == {}


def test_size_and_mix(world: World) -> None:
    assert len(world.documents) >= 60
    assert len(world.questions) == 40
    assert {q.hops for q in world.questions} == {2, 3, 4}
    kinds = Counter(q.type for q in world.questions)
    assert kinds == {"bridge": 31, "intersection": 5, "comparison": 4}


def test_titles_and_ids_are_unique(world: World) -> None:
    assert len({d.title for d in world.documents}) == len(world.documents)
    assert len({q.id for q in world.questions}) == len(world.questions)
    assert len({q.question for q in world.questions}) == len(world.questions)


def test_every_fact_stands_in_its_text(world: World) -> None:
    absent = [
        (document.title, fact.triple)
        for document in world.documents
        for fact in document.facts
        if fact.object not in document.text or _surface(fact.subject) not in document.text
    ]
    assert absent == []


def test_every_document_named_in_a_text_is_in_its_facts(world: World) -> None:
    names = sorted({_surface(d.title) for d in world.documents}, key=len, reverse=True)
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b")

    def unexplained(document: Document) -> set[str]:
        explained = {_surface(document.title), *(f.object for f in document.facts)}
        return set(pattern.findall(document.text)) - explained

    assert {d.title: found for d in world.documents if (found := unexplained(d))} == {}


def test_no_word_of_an_answer_occurs_in_its_question(world: World) -> None:
    leaks = [
        (q.question, answer)
        for q in world.questions
        for answer in (q.answer, *q.aliases)
        if _tokens(answer) & _tokens(q.question)
    ]
    assert leaks == []


def test_no_answer_is_yes_or_no_or_common_to_many_questions(world: World) -> None:
    answers = Counter(q.answer for q in world.questions)
    assert not {"yes", "no"} & {answer.lower() for answer in answers}
    assert max(answers.values()) <= 2


def test_every_question_names_something_that_its_first_document_is_about(world: World) -> None:
    lost = [q.question for q in world.questions if _surface(q.supporting[0]) not in q.question]
    assert lost == []


def test_documents_are_short_paragraphs(world: World) -> None:
    words = {d.title: len(d.text.split()) for d in world.documents}
    assert {title: n for title, n in words.items() if not 40 <= n <= 80} == {}
    assert not any("\n" in d.text for d in world.documents)


def test_namesakes_exist(world: World) -> None:
    surnames = Counter(
        d.title.split()[-1]
        for d in world.documents
        if any(f.relation == "born_in" for f in d.facts)
    )
    assert {name for name, n in surnames.items() if n > 1} >= {"Avern", "Castellow", "Imbry"}
    titles = {d.title for d in world.documents}
    assert {"Upper Quarrin", "Lower Quarrin", "Fennimar Bridge", "Fennimar (ship)"} <= titles
