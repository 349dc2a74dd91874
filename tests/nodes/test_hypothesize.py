"""Hypothetical passages out of a model's replies."""

import pytest

from ragreason.generation.scripted import Scripted
from ragreason.nodes.hypothesize import Hypothesize, tells
from ragreason.state import initial
from ragreason.types import Question

ASKED = "When was the designer of the Sallow Bridge born?"


async def queries(engine: Scripted, n: int = 2) -> list[str]:
    state = initial(Question(id="q", text=ASKED), seed=1)
    found: list[str] = (await Hypothesize("h", engine, n=n)(state))["queries"]
    return found


async def test_the_question_comes_first_and_passages_are_one_line_each() -> None:
    engine = Scripted(["Passage: Edda Quill was\nborn in 1874.", "The designer was an architect."])
    assert await queries(engine) == [
        ASKED,
        "Edda Quill was born in 1874.",
        "The designer was an architect.",
    ]


async def test_passages_are_asked_for_side_by_side_with_seeds_of_their_own() -> None:
    engine = Scripted(default="Edda Quill was born in 1874.", latency_s=0.01)
    assert len(await queries(engine, n=3)) == 2, "equal passages are one query"
    assert engine.peak == 3
    assert len({request.seed for request in engine.requests}) == 3
    assert {request.temperature for request in engine.requests} == {0.7}


@pytest.mark.parametrize(
    "reply",
    [
        "",
        ASKED,
        "The designer of the Sallow Bridge was born.",
        "I'm sorry, I can't help with the year 1874.",
        "As an AI model, I was trained in Harrowby.",
    ],
)
async def test_a_passage_that_tells_nothing_is_dropped(reply: str) -> None:
    assert await queries(Scripted(default=reply)) == [ASKED]


@pytest.mark.parametrize("passage", ["顾青禾生于1874年。", "“I do not know”, said Edda Quill."])
def test_what_claims_something_is_kept(passage: str) -> None:
    assert tells(passage, ASKED)
