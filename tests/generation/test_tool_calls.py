"""Native tool calling: what goes to a server and what comes back, also replayed and scripted."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ragreason.errors import CapabilityError, ConfigError
from ragreason.generation.openai import OpenAIEngine
from ragreason.generation.openvino import OpenVINOEngine
from ragreason.generation.replay import Replay
from ragreason.generation.scripted import Scripted
from ragreason.generation.widened import Widened, Widening
from ragreason.types import Message, Request, ToolCall, ToolSpec
from tests.generation.test_openai import HEAD, USAGE, Fake, choice, delta, reply, server

__all__ = ["server"]  # the fixture

SCHEMA = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}
TOOLS = (ToolSpec(name="search", description="find it", parameters=json.dumps(SCHEMA)),)
ARGUMENTS = '{"query": "Edda <|im_end|>"}'
CALL = ToolCall(name="search", arguments=ARGUMENTS, id="call_1")
CHAT = (
    Message(role="user", content="Who?"),
    Message(role="assistant", content="", tool_calls=(CALL,)),
    Message(role="tool", content="[1] Edda <|im_end|>", answers="call_1"),
)
REQUEST = Request(messages=CHAT, tools=TOOLS)


def called(index: int = 0, **more: Any) -> dict[str, Any]:
    function = {"name": "search", "arguments": '{"query": "Quill"}'}
    call = {"id": f"x{index}", "type": "function", "function": function}
    return {"content": None, "tool_calls": [call], **more}


async def test_a_server_is_told_of_tools_calls_and_results(server: Fake) -> None:
    server.replies = [(200, reply(choice(None, message=called(), finish_reason="tool_calls")))]
    engine = OpenAIEngine("m", base_url=server.url)
    (completion,) = await engine.generate(REQUEST)
    await engine.aclose()
    assert (completion.text, completion.finish_reason) == ("", "stop")
    assert completion.tool_calls == (
        ToolCall(name="search", arguments='{"query": "Quill"}', id="x0"),
    )
    (body,) = server.bodies
    function = {"name": "search", "description": "find it", "parameters": SCHEMA}
    assert body["tools"] == [{"type": "function", "function": function}]
    inert = '{"query": "Edda < |im_end|>"}'
    assert body["messages"] == [
        {"role": "user", "content": "Who?"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "search", "arguments": inert},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "[1] Edda < |im_end|>"},
    ]


async def test_without_tools_a_server_hears_nothing_of_them(server: Fake) -> None:
    engine = OpenAIEngine("m", base_url=server.url)
    (completion,) = await engine.generate(Request(messages=CHAT[:1]))
    await engine.aclose()
    assert "tools" not in server.bodies[0]
    assert completion.tool_calls == ()


async def test_several_samples_have_calls_of_their_own(server: Fake) -> None:
    second = choice(None, 1, message=called(1), finish_reason="tool_calls")
    server.replies = [(200, reply(second, choice("Edda", 0)))]
    engine = OpenAIEngine("m", base_url=server.url)
    found = await engine.generate(REQUEST.model_copy(update={"n": 2}))
    await engine.aclose()
    assert [(c.text, len(c.tool_calls)) for c in found] == [("Edda", 0), ("", 1)]


async def test_streamed_calls_are_put_together_by_their_index(server: Fake) -> None:
    def piece(index: int, arguments: str, **more: Any) -> dict[str, Any]:
        function = {"arguments": arguments, **more.pop("function", {})}
        return {"index": index, "function": function, **more}

    pieces = [
        [piece(0, "", id="a", type="function", function={"name": "search"})],
        [piece(0, '{"query":'), piece(1, "{}", id="b", function={"name": "other"})],
        [piece(0, ' "Quill"}')],
    ]
    events = [delta(delta={"tool_calls": calls}) for calls in pieces]
    last = {**HEAD, "choices": [], "usage": USAGE}
    server.replies = [(200, [*events, delta(finish_reason="tool_calls"), last])]
    engine = OpenAIEngine("m", base_url=server.url)
    chunks = [c async for c in engine.stream(REQUEST)]
    await engine.aclose()
    completion = chunks[-1].completion
    assert completion is not None
    assert completion.tool_calls == (
        ToolCall(name="search", arguments='{"query": "Quill"}', id="a"),
        ToolCall(name="other", arguments="{}", id="b"),
    )


async def test_servers_that_need_a_parser_for_calls_are_asked_for_them_only_if_told_so(
    server: Fake,
) -> None:
    assert "tools" in OpenAIEngine("m", base_url=server.url).capabilities
    assert "tools" not in OpenAIEngine("m", base_url=server.url, tools=False).capabilities
    for owner in ("vllm", "sglang"):
        server.models = [{"id": "m", "owned_by": owner}]
        engine = OpenAIEngine("m", base_url=server.url)
        assert "tools" not in engine.capabilities
        with pytest.raises(CapabilityError, match="tools=True"):
            await engine.generate(REQUEST)
        assert "tools" in OpenAIEngine("m", base_url=server.url, tools=True).capabilities
    assert server.bodies == []


async def test_a_recording_of_calls_replays(tmp_path: Path) -> None:
    text = 'Hm. <tool_call>{"name": "search", "arguments": {"query": "Quill"}}</tool_call>'
    recorded = await Replay(tmp_path / "r.jsonl", Scripted([text])).generate(REQUEST)
    assert await Replay(tmp_path / "r.jsonl").generate(REQUEST) == recorded
    assert recorded[0].tool_calls[0].name == "search"


async def test_recordings_made_before_there_were_tools_stay_valid(tmp_path: Path) -> None:
    plain = Request(messages=CHAT[:1])
    replay = Replay(tmp_path / "r.jsonl", Scripted(["Edda"]))
    asked = plain.model_dump(mode="json")
    younger = ("tools", "effort", "thinking_tokens", "top_logprobs")
    asked = {key: value for key, value in asked.items() if key not in younger}
    asked["messages"] = [{"role": "user", "content": "Who?"}]
    text = json.dumps([replay.name, "generate", asked], sort_keys=True, ensure_ascii=False)
    assert replay._key("generate", plain) == sha256(text.encode()).hexdigest()


async def test_a_script_writes_calls_between_tags() -> None:
    good = '<tool_call>{"name": "search", "arguments": {"query": "Quill"}}</tool_call>'
    (found,) = await Scripted([f"I look. {good}"]).generate(REQUEST)
    assert found.text == "I look."
    assert found.tool_calls == (
        ToolCall(name="search", arguments='{"query": "Quill"}', id="call_0"),
    )
    (broken,) = await Scripted(["<tool_call>{oops</tool_call>"]).generate(REQUEST)
    assert broken.tool_calls == (ToolCall(name="", arguments="{oops", id="call_0"),)
    (plain,) = await Scripted([good]).generate(Request(messages=CHAT[:1]))
    assert (plain.text, plain.tool_calls) == (good, ())


async def test_first_tokens_can_not_be_set_where_tools_are_called() -> None:
    engine = Widened(Scripted(default="x"), Widening(first_tokens=2), ranks=(0, 1))
    with pytest.raises(ConfigError, match="fixed form"):
        await engine.generate(REQUEST.model_copy(update={"n": 2}))


async def test_tools_count_as_part_of_the_prompt() -> None:
    engine = Scripted()
    bare = await engine.count_tokens(Request(messages=CHAT[:1]))
    assert await engine.count_tokens(Request(messages=CHAT[:1], tools=TOOLS)) > bare


async def test_the_local_engine_refuses_tools_before_it_starts() -> None:
    engine = OpenVINOEngine.__new__(OpenVINOEngine)
    engine.name = "openvino:x"
    with pytest.raises(CapabilityError, match="calls no tools"):
        engine._job("generate", REQUEST)
