"""A chat model of LangChain as an engine; the engines' suite runs over it too."""

import json
from typing import Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from ragreason.errors import CapabilityError, ConfigError, EngineError
from ragreason.generation.scripted import Scripted
from ragreason.integrations.langchain_chat import ChatModelEngine
from ragreason.protocols import Retriever
from ragreason.runner import open_runner
from ragreason.settings import Settings
from ragreason.types import Message, Request, ToolCall, ToolSpec
from tests.integrations.fake_chat import fake, words

HASHING = Settings(embedder="hashing")
SPEC = ToolSpec(name="search", description="find", parameters='{"type": "object"}')


def ask(**fields: Any) -> Request:
    given = {"messages": (Message(role="user", content="Who designed it?"),), **fields}
    return Request.model_validate(given)


async def test_each_sample_is_a_call_with_a_seed_of_its_own_and_all_prompts_are_counted() -> None:
    model = fake(Scripted(default=["one", "two", "three"]))
    engine = ChatModelEngine(model, seeds=True, count=words)
    found = await engine.generate(ask(n=3, temperature=1.0, seed=7))
    seeds = [call["seed"] for call in model.given]
    assert len(set(seeds)) == 3
    assert [c.usage.prompt_tokens for c in found] == [9, 0, 0]
    again = [c.text for c in await engine.generate(ask(n=3, temperature=1.0, seed=7))]
    assert again == [c.text for c in found]


async def test_a_model_that_takes_no_seed_is_given_none() -> None:
    model = fake(Scripted(default="x"))
    engine = ChatModelEngine(model)
    assert "seed" not in engine.capabilities
    await engine.generate(ask(seed=7))
    assert "seed" not in model.given[0]


async def test_fields_are_renamed_or_left_out() -> None:
    model = fake(Scripted(default="x"))
    engine = ChatModelEngine(model, fields={"max_tokens": "num_predict", "top_p": ""})
    await engine.generate(ask(max_tokens=5))
    assert model.given[0]["num_predict"] == 5
    assert not {"max_tokens", "top_p"} & model.given[0].keys()
    with pytest.raises(ConfigError, match="no field 'temp'; fields: max_tokens"):
        ChatModelEngine(model, fields={"temp": "x"})


async def test_stop_strings_are_cut_from_models_that_do_not_heed_them() -> None:
    engine = ChatModelEngine(fake(Scripted(default="Edda Quill\nQuestion: more"), deaf=True))
    request = ask(stop=("\nQuestion:",))
    (completion,) = await engine.generate(request)
    assert completion.text == "Edda Quill"
    chunks = [chunk async for chunk in engine.stream(request)]
    assert "".join(chunk.text for chunk in chunks) == "Edda Quill"
    assert chunks[-1].completion == completion


async def test_what_a_model_does_not_tell_is_estimated() -> None:
    engine = ChatModelEngine(fake(Scripted(default="one two three"), mute=True), count=words)
    (completion,) = await engine.generate(ask())
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (3, 3)
    assert (await engine.generate(ask(n=2)))[0].usage.prompt_tokens == 6


async def test_tools_are_called_natively_where_the_model_can() -> None:
    call = {"name": "search", "args": {"query": "Edda"}, "id": "c1"}
    said = AIMessage(content="", tool_calls=[call])
    model = fake(Scripted(default="x"))
    with pytest.raises(CapabilityError, match="offers no tools"):
        await ChatModelEngine(model).generate(ask(tools=(SPEC,)))

    class Calling(GenericFakeChatModel):
        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            assert tools[0]["function"]["name"] == "search"
            return self

    engine = ChatModelEngine(Calling(messages=iter([said])), tools=True)
    (completion,) = await engine.generate(ask(tools=(SPEC,)))
    assert completion.tool_calls == (
        ToolCall(name="search", arguments=json.dumps({"query": "Edda"}), id="c1"),
    )


async def test_thinking_is_told_apart_from_the_reply() -> None:
    blocks: list[Any] = [
        {"type": "thinking", "thinking": "Hm."},
        {"type": "text", "text": "Harrowby"},
    ]
    engine = ChatModelEngine(GenericFakeChatModel(messages=iter([AIMessage(content=blocks)])))
    (completion,) = await engine.generate(ask())
    assert (completion.text, completion.reasoning) == ("Harrowby", "Hm.")


async def test_a_provider_s_error_is_an_engine_error() -> None:
    engine = ChatModelEngine(fake(Scripted()), name="broken")
    with pytest.raises(EngineError, match=r"broken: EngineError: .*no rule fits"):
        await engine.generate(ask())
    with pytest.raises(EngineError, match=r"broken: EngineError: .*no rule fits"):
        await anext(engine.stream(ask()))


async def test_it_answers_in_a_graph(retriever: Retriever) -> None:
    model = fake(Scripted(default="1874"))
    async with open_runner(
        "naive_rag", model=ChatModelEngine(model), index=retriever, settings=HASHING
    ) as runner:
        answer = (await runner.answer("When was Edda Quill born?")).answer
    assert answer.text == "1874"
    assert answer.citations[0].title == "Edda Quill"
    assert answer.usage.tokens > 0
    assert "born in Harrowby" in model.given[0]["messages"][-1].content
