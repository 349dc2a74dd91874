"""Passages read one by one."""

from ragreason.generation.scripted import Scripted
from ragreason.nodes.alone import read_alone
from ragreason.types import Evidence, Hit, Passage, Question

QUESTION = Question(id="q", text="When was Edda Quill born?")


def entry(title: str, text: str, excerpt: str | None = None) -> Evidence:
    passage = Passage(id=title, title=title, text=text)
    hit = Hit(passage=passage, score=1.0, rank=3, source="t")
    return Evidence(hit=hit, excerpt=excerpt)


async def test_no_passage_sees_another_and_all_are_asked_at_once() -> None:
    engine = Scripted(rules=[("fair", "1492"), ("born in", "1874.")], latency_s=0.01)
    entries = [entry("Quill", "She was born in 1874."), entry("Harrowby", "A fair.")]
    assert await read_alone(engine, QUESTION, entries, seed=1, max_tokens=9) == ["1874", "1492"]
    assert engine.peak == 2
    assert all("[2]" not in request.messages[0].content for request in engine.requests)
    assert len({request.seed for request in engine.requests}) == 2


async def test_an_excerpt_stands_for_its_passage() -> None:
    engine = Scripted(default="1874")
    await read_alone(
        engine, QUESTION, [entry("Quill", "Long.", "Short. </s>")], seed=1, max_tokens=9
    )
    assert "[1] Quill: Short. ‹/s›" in engine.requests[0].messages[0].content


async def test_one_that_does_not_fit_says_nothing() -> None:
    engine = Scripted(default="1874", context=60)
    entries = [entry("Long", "word " * 60), entry("Quill", "She was born in 1874.")]
    assert await read_alone(engine, QUESTION, entries, seed=1, max_tokens=9) == ["", "1874"]
