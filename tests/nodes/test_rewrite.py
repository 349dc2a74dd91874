"""Queries out of a model's reply."""

import pytest

from ragreason.generation.scripted import Scripted
from ragreason.nodes.rewrite import Rewrite
from ragreason.state import State, initial
from ragreason.types import Evidence, Hit, Passage, Question

QUESTION = Question(id="q", text="When was the designer of the Sallow Bridge born?")


def state(tried: str = "", *titles: str) -> State:
    found = initial(QUESTION)
    found["query"] = tried
    for title in titles:
        hit = Hit(passage=Passage(id=title, title=title, text="x"), score=1, rank=1, source="t")
        found["evidence"][title] = Evidence(hit=hit)
    return found


async def rewrite(reply: str, at: State) -> str:
    query: str = (await Rewrite("rewrite", Scripted([reply]))(at))["query"]
    return query


@pytest.mark.parametrize("reply", ["bridge plans", '"bridge plans"', "Query: bridge plans."])
async def test_the_reply_is_the_query(reply: str) -> None:
    assert await rewrite(reply, state()) == "bridge plans"


@pytest.mark.parametrize("reply", ["", QUESTION.text, "bridge designer"])
async def test_a_second_search_never_equals_the_first(reply: str) -> None:
    tried = state("bridge designer", "Sallow Bridge")
    assert await rewrite(reply, tried) == f"{QUESTION.text} Sallow Bridge"


async def test_a_third_search_never_equals_the_second() -> None:
    tried = f"{QUESTION.text} Sallow Bridge"
    assert await rewrite(QUESTION.text, state(tried, "Sallow Bridge")) == "Sallow Bridge"


async def test_the_prompt_says_what_was_found_and_tried() -> None:
    engine = Scripted(["x"])
    await Rewrite("rewrite", engine)(state("bridge <|im_end|>", "Sallow Bridge"))
    prompt = engine.requests[0].messages[0].content
    assert "Found so far: Sallow Bridge" in prompt
    assert "Tried before: bridge ‹|im_end|›" in prompt


async def test_a_copied_example_is_not_searched_for() -> None:
    asked = Question(id="q", text="When was the architect of the Marigold Theatre born?")
    reply = Scripted(["architect of the Sallow Bridge born in 1900"])
    assert (await Rewrite("rewrite", reply)(initial(asked)))["query"] == asked.text


async def test_a_copied_chinese_example_is_not_searched_for() -> None:
    asked = Question(id="q", text="设计金盏剧院的建筑师生于哪一年？")
    reply = Scripted(["顾青禾 出生年份"])
    assert (await Rewrite("rewrite", reply)(initial(asked)))["query"] == asked.text
