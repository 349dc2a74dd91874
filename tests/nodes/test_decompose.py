"""Sub-questions out of a model's reply."""

import pytest

from ragreason.generation.scripted import Scripted
from ragreason.nodes.decompose import Decompose, sub_questions
from ragreason.state import initial
from ragreason.types import Question

QUESTION = "In which town was the designer of the Sallow Bridge born?"


@pytest.mark.parametrize(
    "reply",
    [
        "Who designed the Sallow Bridge?\nWhere was the designer born?",
        "1. Who designed the Sallow Bridge?\n2. Where was the designer born?",
        "- Who designed the Sallow Bridge?\n\n* Where was the designer born?\n",
    ],
)
def test_lines_lose_their_bullets(reply: str) -> None:
    expected = ["Who designed the Sallow Bridge?", "Where was the designer born?"]
    assert sub_questions(reply, QUESTION, 3) == expected


def test_the_prompt_s_own_examples_are_dropped() -> None:
    reply = "Who is the author of The Tin Whistle?\nWho designed the Sallow Bridge?"
    assert sub_questions(reply, QUESTION, 3) == ["Who designed the Sallow Bridge?"]


def test_repeats_count_once_and_the_limit_holds() -> None:
    reply = "Sallow Bridge designer?\nSallow Bridge designer?\nWhich town?\nWhich bridge?"
    assert sub_questions(reply, QUESTION, 2) == ["Sallow Bridge designer?", "Which town?"]


@pytest.mark.parametrize("reply", ["", "\n\n", "I don't know."])
def test_without_any_the_question_stays_whole(reply: str) -> None:
    assert sub_questions(reply, QUESTION, 3) == [QUESTION]


async def test_a_line_that_names_only_what_the_examples_name_is_not_asked() -> None:
    asked = Question(id="q", text="When was the author of Marigold Lane born?")
    reply = "When was the author of The Tin Whistle born?\nWho is the author of Marigold Lane?"
    queries = (await Decompose("d", Scripted([reply]))(initial(asked)))["queries"]
    assert queries == ["Who is the author of Marigold Lane?"]
