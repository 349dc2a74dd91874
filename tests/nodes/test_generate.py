"""One plain call of the model."""

from typing import Any

import pytest

from ragreason.generation.scripted import Scripted
from ragreason.nodes.generate import ask, sampled
from ragreason.protocols import Capability


async def reply(engine: Scripted) -> str:
    return await ask(engine, "direct", "Who?", seed=1, max_tokens=9, opening="Answer:")


async def streamed(engine: Scripted, **fields: Any) -> tuple[str, list[str]]:
    pieces: list[str] = []
    asked = {"seed": 1, "max_tokens": 9, "opening": "Answer:", "parts": {}, **fields}
    replies = await sampled(engine, "direct", "Who?", on_text=pieces.append, **asked)
    return replies[0].text, pieces


async def test_the_reply_is_begun_where_the_engine_can_continue_it() -> None:
    engine = Scripted([" Edda Quill "])
    assert await reply(engine) == "Edda Quill"
    assert engine.requests[0].prefill == "Answer:"


@pytest.mark.parametrize("text", ["Answer: Edda Quill", "Edda Quill"])
async def test_without_prefill_a_repeated_opening_is_cut_off(text: str) -> None:
    engine = Scripted([text], capabilities=frozenset({"seed"}))
    assert await reply(engine) == "Edda Quill"
    assert engine.requests[0].prefill == ""


@pytest.mark.parametrize(
    ("said", "pieces"),
    [
        (" Edda Quill", ["Edda", " Quill"]),
        ("  Answer: Edda Quill", ["Edda", " Quill"]),
        ("Answers vary", ["Answers", " vary"]),
        ("Ans", ["Ans"]),
        ("Answer:", []),
        ("", []),
    ],
)
@pytest.mark.parametrize("capabilities", [{"stream", "prefill"}, {"stream"}])
async def test_a_reply_is_told_as_it_comes_without_what_is_cut_off(
    said: str, pieces: list[str], capabilities: set[Capability]
) -> None:
    engine = Scripted([said], capabilities=frozenset(capabilities))
    assert await streamed(engine) == ("".join(pieces), pieces)


async def test_an_engine_that_can_not_stream_and_several_samples_are_told_nothing() -> None:
    assert await streamed(Scripted(["Edda"], capabilities=frozenset())) == ("Edda", [])
    assert await streamed(Scripted(["Edda", "Ann"]), n=2) == ("Edda", [])
