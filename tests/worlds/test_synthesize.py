"""Generated worlds: proved, repeatable, full of namesakes, and said in plain words."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from ragreason.errors import ConfigError
from ragreason.worlds.files import read_world, write_world
from ragreason.worlds.relations import RELATIONS
from ragreason.worlds.solve import FactIndex, defects
from ragreason.worlds.synthesize import parse_hops, synthesize
from ragreason.worlds.world import World

WRITE = """
import sys
from pathlib import Path
from ragreason.worlds.files import write_world
from ragreason.worlds.synthesize import synthesize
write_world(synthesize(40, (2, 4), 7), Path(sys.argv[1]), (2, 4))
"""


@pytest.fixture(scope="module")
def world() -> World:
    return synthesize(150, (2, 4), 11)


def test_every_question_is_proved_from_the_files(world: World, tmp_path: Path) -> None:
    write_world(world, tmp_path, (2, 4))
    read = read_world(tmp_path)
    facts = FactIndex(read.documents)
    assert read.questions == world.questions
    assert {q.question: found for q in read.questions if (found := defects(q, facts))} == {}


def test_asked_number_hops_and_types(world: World) -> None:
    kinds = Counter(q.type for q in world.questions)
    assert kinds == {"bridge": 90, "comparison": 30, "intersection": 30}
    assert Counter(q.hops for q in world.questions) == {2: 50, 3: 50, 4: 50}
    assert {q.hops for q in synthesize(20, (3, 3), 1).questions} == {3}


def test_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    for name, salt in (("a", "1"), ("b", "2")):
        command = [sys.executable, "-c", WRITE, str(tmp_path / name)]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": salt})
    files = [p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file()]
    assert len(files) == 4
    assert all(
        (tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files
    )


def test_another_seed_gives_another_world() -> None:
    one, other = (synthesize(5, (2, 4), seed) for seed in (1, 2))
    assert not {d.title for d in one.documents} & {d.title for d in other.documents}


def test_every_fact_stands_in_its_text(world: World) -> None:
    absent = [
        (document.title, fact.triple)
        for document in world.documents
        for fact in document.facts
        if not re.search(rf"(?<!\w){re.escape(fact.object)}(?![\w,]\w)", document.text)
        or document.title not in document.text
    ]
    assert absent == []


def test_texts_name_nothing_but_what_their_facts_name(world: World) -> None:
    titles = sorted((d.title for d in world.documents), key=len, reverse=True)
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, titles))})\b")
    extra = {
        document.title: stray
        for document in world.documents
        if (
            stray := set(pattern.findall(document.text))
            - {document.title, *(f.object for f in document.facts)}
        )
    }
    assert extra == {}


def test_no_template_is_left_unfilled(world: World) -> None:
    texts = [d.text for d in world.documents] + [q.question for q in world.questions]
    assert not [text for text in texts if "{" in text or "  " in text]
    assert all(text[0].isupper() for text in texts)
    assert all(q.question.endswith("?") for q in world.questions)


def test_titles_ids_and_questions_are_unique(world: World) -> None:
    assert len({d.title for d in world.documents}) == len(world.documents)
    assert len({d.id for d in world.documents}) == len(world.documents)
    assert len({q.question for q in world.questions}) == len(world.questions)


def test_distractors_share_names(world: World) -> None:
    people = [d.title for d in world.documents if any(f.relation == "born_year" for f in d.facts)]
    surnames = Counter(name.split()[-1] for name in people)
    assert sum(n for n in surnames.values() if n > 1) > len(people) / 4
    towns = [d.title for d in world.documents if any(f.relation == "mayor" for f in d.facts)]
    assert any(n > 1 for n in Counter(t.split()[-1] for t in towns).values())
    words = Counter(
        next(w for w in reversed(d.title.split()) if w not in {"Bridge", "Yard", "Prize"})
        for d in world.documents
        if {"length_m", "created_by", "captain"} & {f.relation for f in d.facts}
    )
    assert max(words.values()) > 1


def test_relations_are_said_in_several_ways(world: World) -> None:
    assert all(len(set(r.sentences)) >= 3 for r in RELATIONS.values())
    openings = Counter(
        " ".join(sentence.replace(d.title, "X").split()[:3])
        for d in world.documents
        if any(f.relation == "mayor" for f in d.facts)
        for sentence in re.split(r"(?<=\.) ", d.text)[1:]
    )
    assert len(openings) > 12


def test_nested_phrases_stand_at_the_end() -> None:
    assert all(noun.endswith("{s}") for r in RELATIONS.values() for noun in r.nouns)
    assert all(r.inverse.endswith("{o}") for r in RELATIONS.values() if r.inverse)
    asks = [r.asks for r in RELATIONS.values() if r.asks]
    assert all(any(ask.endswith("{s}?") for ask in several) for several in asks)


def test_no_word_of_an_answer_occurs_in_its_question_unless_it_chooses(world: World) -> None:
    def words(text: str) -> set[str]:
        return set(re.findall(r"\w+", text.lower()))

    leaks = [q for q in world.questions if words(q.answer) & words(q.question)]
    assert all(q.type == "comparison" and q.answer in q.question for q in leaks)


def test_yes_and_no_both_occur(world: World) -> None:
    said = Counter(q.answer for q in world.questions if q.query.claim)
    assert set(said) == {"yes", "no"}


@pytest.mark.parametrize("hops", [(1, 2), (2, 5), (4, 2)])
def test_hops_out_of_range_are_refused(hops: tuple[int, int]) -> None:
    with pytest.raises(ConfigError, match="expected a range within 2-4"):
        synthesize(5, hops)


def test_hops_are_read_as_number_or_range() -> None:
    assert parse_hops("3") == (3, 3)
    assert parse_hops("2-4") == (2, 4)
    with pytest.raises(ConfigError, match="such as 3 or 2-4"):
        parse_hops("two")
