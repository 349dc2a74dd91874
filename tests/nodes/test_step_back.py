"""The more general question out of a model's reply."""

import pytest

from ragreason.generation.scripted import Scripted
from ragreason.nodes.step_back import StepBack, is_general
from ragreason.state import initial
from ragreason.types import Question

ASKED = "In which month of 1911 did the architect finish the Sallow Bridge?"


async def queries(reply: str, asked: str = ASKED) -> list[str]:
    engine = Scripted([reply])
    found: list[str] = (await StepBack("s", engine)(initial(Question(id="q", text=asked))))[
        "queries"
    ]
    return found


async def test_the_general_question_goes_on_as_it_was_begun() -> None:
    expected = [ASKED, "What is the history of the Sallow Bridge?"]
    assert await queries("the Sallow Bridge?") == expected


@pytest.mark.parametrize("reply", ["", f"this: {ASKED}", "the Marigold Theatre?"])
async def test_a_reply_of_no_use_falls_back_to_the_names(reply: str) -> None:
    assert await queries(reply) == [ASKED, "Sallow Bridge"]


async def test_a_question_without_names_stays_the_only_one() -> None:
    assert await queries("", "who designed the bridge?") == ["who designed the bridge?"]


async def test_an_engine_without_prefill_writes_the_whole_question() -> None:
    plain = Scripted.capabilities - {"prefill"}
    engine = Scripted(
        ["More general question: What became of the Sallow Bridge?"], capabilities=plain
    )
    found = (await StepBack("s", engine)(initial(Question(id="q", text=ASKED))))["queries"]
    assert found == [ASKED, "What became of the Sallow Bridge?"]


def test_chinese_questions_are_general_by_their_characters() -> None:
    asked = "顾青禾在1911年的哪个月建成了柳溪桥？"
    assert is_general("顾青禾建造过什么？", asked)
    assert not is_general(asked, asked)
