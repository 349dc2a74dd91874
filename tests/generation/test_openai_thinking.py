"""Models behind OpenAI-compatible servers are told how hard to think, and their thinking is told
apart.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from ragreason.generation.openai import OpenAIEngine
from ragreason.generation.openai_thinking import counted_apart, thinks
from ragreason.types import Completion, Effort, Message, Request, Usage
from tests.generation.test_openai import HEAD, KEY, USAGE, Fake, Handler, choice, delta, reply

__all__ = ["Handler"]


@pytest.fixture
def server() -> Iterator[Fake]:
    from threading import Thread

    with Fake() as running:
        thread = Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def ask(**fields: Any) -> Request:
    return Request.model_validate(
        {"messages": (Message(role="user", content="hi"),), "max_tokens": 10, **fields}
    )


async def sent(server: Fake, engine: OpenAIEngine, request: Request) -> dict[str, Any]:
    await engine.generate(request)
    await engine.aclose()
    return server.bodies[-1]


def served(server: Fake, kind: str, model: str = "qwen3-8b") -> OpenAIEngine:
    server.models = [{"id": model, "owned_by": kind}]
    return OpenAIEngine(model, base_url=server.url)


def hosted(server: Fake, model: str) -> OpenAIEngine:
    engine = OpenAIEngine(model, api_key=KEY)
    engine._options["base_url"] = server.url
    return engine


@pytest.mark.parametrize(
    ("model", "at", "expected"),
    [
        ("o3-mini", "hosted", True),
        ("gpt-5-mini", "hosted", True),
        ("gpt-5.1", "hosted", True),
        ("gpt-5-chat-latest", "hosted", False),
        ("gpt-4o", "hosted", False),
        ("Qwen/Qwen3-8B", "served", True),
        ("Qwen/Qwen3-4B-Instruct-2507", "served", False),
        ("Qwen/Qwen3-Coder-30B", "served", False),
        ("Qwen/Qwen2.5-7B-Instruct", "served", False),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "served", True),
        ("openai/gpt-oss-20b", "served", True),
        ("meta-llama/Llama-3.1-8B-Instruct", "served", False),
    ],
)
def test_names_tell_which_models_think(model: str, at: str, expected: bool) -> None:
    assert thinks(model, hosted=at == "hosted") == expected


@pytest.mark.parametrize(
    ("model", "effort", "told", "thought"),
    [
        ("gpt-5.1", "none", "none", 0),
        ("gpt-5-mini", "none", "minimal", 1024),
        ("o3", "none", "low", 1024),
        ("o3", "high", "high", 8192),
    ],
)
async def test_hosted_models_are_told_by_reasoning_effort(
    server: Fake, model: str, effort: Effort, told: str, thought: int
) -> None:
    body = await sent(server, hosted(server, model), ask(effort=effort, stop=("\n",)))
    assert body["reasoning_effort"] == told
    assert not {"temperature", "top_p", "stop", "chat_template_kwargs"} & set(body)
    assert body["max_completion_tokens"] == 10 + thought


async def test_models_that_are_told_nothing_have_room_to_think(server: Fake) -> None:
    body = await sent(server, hosted(server, "gpt-5-mini"), ask())
    assert body["max_completion_tokens"] == 10 + 2048


@pytest.mark.parametrize("fields", [{"prefill": "Answer:"}, {"top_logprobs": 2}])
async def test_replies_begun_and_likeliest_tokens_are_not_thought_about(
    server: Fake, fields: dict[str, Any]
) -> None:
    tokens: dict[str, Any] = {
        "content": [{"token": "a", "bytes": None, "logprob": -1.0, "top_logprobs": []}]
    }
    server.replies = [(200, reply(choice("a", logprobs=tokens)))]
    body = await sent(server, served(server, "vllm"), ask(**fields))
    assert body["max_tokens"] == 10


async def test_thinking_has_no_more_room_than_the_context(server: Fake) -> None:
    server.models = [{"id": "qwen3-8b", "owned_by": "vllm", "max_model_len": 600}]
    engine = OpenAIEngine("qwen3-8b", base_url=server.url)
    long = ask(effort="high", messages=(Message(role="user", content="x" * 1200),))
    assert (await sent(server, engine, long))["max_tokens"] == 600 - 400 - 8
    full = ask(effort="high", messages=(Message(role="user", content="x" * 3000),))
    assert (await sent(server, engine, full))["max_tokens"] == 10


async def test_hosted_models_that_think_are_cut_at_stop_strings_here(server: Fake) -> None:
    server.replies = [(200, reply(choice("1874\nand more")))]
    engine = hosted(server, "o3")
    (completion,) = await engine.generate(ask(stop=("\n",)))
    pieces = ["18", "74", "\nand", " more"]
    events = [*(delta(content=piece) for piece in pieces), delta(finish_reason="stop")]
    server.replies = [(200, events)]
    chunks = [c async for c in engine.stream(ask(stop=("\n",)))]
    await engine.aclose()
    assert completion.text == "1874"
    assert [c.text for c in chunks] == ["18", "74", ""]


async def test_vllm_is_told_by_its_template_and_its_budget(server: Fake) -> None:
    body = await sent(server, served(server, "vllm"), ask(effort="low", thinking_tokens=99))
    assert body["chat_template_kwargs"] == {"enable_thinking": True}
    assert (body["reasoning_effort"], body["thinking_token_budget"]) == ("low", 99)
    assert body["max_tokens"] == 10 + 99


async def test_sglangs_budget_is_its_templates(server: Fake) -> None:
    body = await sent(server, served(server, "sglang"), ask(effort="low", thinking_tokens=99))
    assert body["chat_template_kwargs"] == {"enable_thinking": True, "thinking_budget": 99}
    assert "thinking_token_budget" not in body


async def test_thinking_is_switched_off(server: Fake) -> None:
    body = await sent(server, served(server, "vllm"), ask(effort="none"))
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert "reasoning_effort" not in body
    assert body["max_tokens"] == 10


async def test_without_an_effort_and_for_other_models_nothing_is_told(server: Fake) -> None:
    plain = served(server, "vllm", "llama")
    assert not {"thinking", "think_tags"} & plain.capabilities
    assert {"thinking", "think_tags"} <= served(server, "vllm").capabilities
    assert "think_tags" not in served(server, "someone").capabilities
    for engine, request in [(served(server, "vllm"), ask()), (plain, ask(effort="high"))]:
        body = await sent(server, engine, request)
        assert not {"reasoning_effort", "chat_template_kwargs"} & set(body)
    assert body["max_tokens"] == 10


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
async def test_a_servers_thinking_is_kept_and_counted_apart(server: Fake, field: str) -> None:
    server.replies = [(200, reply(choice("ab", message={field: "thought"[:6]})))]
    engine = served(server, "vllm")
    (completion,) = await engine.generate(ask())
    thought = {"index": 0, "delta": {field: "though"}}
    events = [{**HEAD, "choices": [thought]}, delta(content="ab"), delta(finish_reason="stop")]
    server.replies = [(200, [*events, {**HEAD, "choices": [], "usage": USAGE}])]
    chunks = [c async for c in engine.stream(ask())]
    await engine.aclose()
    assert "".join(c.text for c in chunks) == "ab"
    streamed = chunks[-1].completion
    assert isinstance(streamed, Completion)
    for found in (completion, streamed):
        assert (found.text, found.reasoning) == ("ab", "though")
        assert (found.usage.reasoning_tokens, found.usage.completion_tokens) == (4, 5)


async def test_what_a_server_counted_is_believed(server: Fake) -> None:
    usage = {**USAGE, "completion_tokens_details": {"reasoning_tokens": 3}}
    server.replies = [(200, {**reply(choice("ab")), "usage": usage})]
    engine = hosted(server, "o3")
    (completion,) = await engine.generate(ask())
    await engine.aclose()
    assert completion.usage.reasoning_tokens == 3


@pytest.mark.parametrize(
    ("told", "reasoning", "text", "expected"),
    [
        (3, "aa", "bb", 3),
        (None, "aa", "bb", 5),
        (0, "aa", "bb", 5),
        (None, "", "", 0),
        (99, "", "", 10),
    ],
)
def test_thinking_is_counted_as_told_or_by_its_characters(
    told: int | None, reasoning: str, text: str, expected: int
) -> None:
    found = counted_apart(Usage(completion_tokens=10), told, reasoning, text)
    assert found == Usage(completion_tokens=10, reasoning_tokens=expected)
