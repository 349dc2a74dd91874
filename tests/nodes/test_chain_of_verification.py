"""What verifies a draft: questions of use, and what stands in where there are none."""

import pytest

from ragreason.generation.scripted import Scripted
from ragreason.nodes.chain_of_verification import (
    VerificationQuestions,
    VerifiedAnswer,
    about,
)
from ragreason.state import initial
from ragreason.types import Evidence, Hit, Passage, Question

TEXT = "Which town is the birthplace of the founder of Quillon Airways?"


async def asked(reply: str, draft: str = "Stanmouth", **state: object) -> list[str]:
    start = {**initial(Question(id="q", text=TEXT)), "draft": draft, **state}
    node = VerificationQuestions("plan", Scripted([reply]), max_questions=2)
    queries: list[str] = (await node(start))["queries"]  # type: ignore[arg-type]
    return queries


async def test_lines_become_questions_up_to_the_bound() -> None:
    reply = "- Who founded Quillon Airways?\n2. Was he born in Stanmouth?\nIs Stanmouth a town?"
    assert await asked(reply) == ["Who founded Quillon Airways?", "Was he born in Stanmouth?"]


async def test_the_prompt_s_example_is_not_asked() -> None:
    reply = "Who was the architect of the Sallow Bridge?\nWho founded Quillon Airways?"
    assert await asked(reply) == ["Who founded Quillon Airways?"]


async def test_what_a_passage_names_may_be_asked_whatever_the_example_names() -> None:
    passage = Passage(id="p", title="Edda Quill", text="Edda Quill founded Quillon Airways.")
    evidence = {"p": Evidence(hit=Hit(passage=passage, score=1.0, rank=1, source="test"))}
    reply = "Was Edda Quill the founder?"
    assert await asked(reply) == [f"{TEXT} Stanmouth?"]
    assert await asked(reply, evidence=evidence) == [reply]


@pytest.mark.parametrize("reply", ["", TEXT.lower(), TEXT[:-1], "Stanmouth", "Nothing else."])
async def test_where_nothing_of_use_is_asked_the_draft_is_looked_up(reply: str) -> None:
    assert await asked(reply) == [f"{TEXT} Stanmouth?"]


@pytest.mark.parametrize("draft", ["", "yes", "1874", "No"])
async def test_a_draft_that_names_nothing_leaves_what_the_question_names(draft: str) -> None:
    assert await asked("", draft) == ["Who or what is Quillon Airways?"]


def test_a_question_without_names_is_asked_again() -> None:
    assert about("when was it built?", "1874") == ["when was it built?"]
    assert about("它建于哪一年？", "1874年") == ["它建于哪一年？ 1874年?"]


async def test_a_revision_with_nothing_checked_is_the_draft_and_costs_nothing() -> None:
    engine = Scripted()
    start = {**initial(Question(id="q", text=TEXT)), "draft": "Stanmouth"}
    assert await VerifiedAnswer("revise", engine)(start) == {"draft": "Stanmouth"}  # type: ignore[arg-type]
    assert engine.calls == 0
