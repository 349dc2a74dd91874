"""One plain call of the model."""

import pytest

from ragreason.generation.scripted import Scripted
from ragreason.nodes.generate import ask


async def reply(engine: Scripted) -> str:
    return await ask(engine, "direct", "Who?", seed=1, max_tokens=9, opening="Answer:")


async def test_the_reply_is_begun_where_the_engine_can_continue_it() -> None:
    engine = Scripted([" Edda Quill "])
    assert await reply(engine) == "Edda Quill"
    assert engine.requests[0].prefill == "Answer:"


@pytest.mark.parametrize("text", ["Answer: Edda Quill", "Edda Quill"])
async def test_without_prefill_a_repeated_opening_is_cut_off(text: str) -> None:
    engine = Scripted([text], capabilities=frozenset({"seed"}))
    assert await reply(engine) == "Edda Quill"
    assert engine.requests[0].prefill == ""
