"""The client of OpenAI-compatible servers, against a small one in this process."""

import asyncio
import gc
import json
import logging
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from ragreason.errors import (
    CapabilityError,
    ConfigError,
    ContextOverflowError,
    EngineDiedError,
    EngineError,
    EngineTimeoutError,
    RagreasonError,
)
from ragreason.generation.openai import OpenAIEngine, neutral
from ragreason.types import Message, Request

KEY = "sk-very-secret-0123456789"
HEAD = {"id": "x", "object": "chat.completion", "created": 1, "model": "m"}
USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 5,
    "total_tokens": 15,
    "prompt_tokens_details": {"cached_tokens": 8},
}


def choice(text: str | None, index: int = 0, **fields: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, **fields.pop("message", {})}
    return {"index": index, "message": message, "finish_reason": "stop", **fields}


def reply(*choices: dict[str, Any]) -> dict[str, Any]:
    return {**HEAD, "choices": list(choices), "usage": USAGE}


class Fake(ThreadingHTTPServer):
    """Sends what it is told to, in order; the last one over and over. Keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: list[tuple[int, Any]] = [(200, reply(choice("fine")))]
        self.models: list[dict[str, Any]] = [{"id": "m", "owned_by": "someone"}]
        self.bodies: list[dict[str, Any]] = []
        self.keys: set[str | None] = set()
        self.delay_s = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Fake

    def do_GET(self) -> None:
        self._send(200, {"data": self.server.models})

    def do_POST(self) -> None:
        self.server.keys.add(self.headers["Authorization"])
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if self.server.delay_s:
            time.sleep(self.server.delay_s)
        replies = self.server.replies
        self._send(*(replies.pop(0) if len(replies) > 1 else replies[0]))

    def _send(self, status: int, value: Any) -> None:
        stream = isinstance(value, list)
        events = "".join(f"data: {json.dumps(v)}\n\n" for v in value) + "data: [DONE]\n\n"
        data = (events if stream else json.dumps(value)).encode()
        try:
            self.send_response(status)
            kind = "text/event-stream" if stream else "application/json"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            return  # the client gave up, as some tests want

    def log_message(self, *args: Any) -> None:
        """Nothing on standard error."""


@pytest.fixture
def server() -> Iterator[Fake]:
    with Fake() as running:
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def ask(**fields: Any) -> Request:
    messages = (Message(role="user", content="Hello?"),)
    return Request.model_validate({"messages": messages, **fields})


def vllm(server: Fake) -> OpenAIEngine:
    server.models = [{"id": "m", "owned_by": "vllm", "max_model_len": 4096}]
    return OpenAIEngine("m", base_url=server.url, api_key=KEY, retries=0)


async def generate(engine: OpenAIEngine, request: Request) -> Any:
    try:
        return await engine.generate(request)
    finally:
        await engine.aclose()


async def failure(engine: OpenAIEngine, request: Request) -> RagreasonError:
    with pytest.raises(RagreasonError) as caught:
        await generate(engine, request)
    return caught.value


async def test_the_clients_own_variables_are_part_of_what_the_engine_says(
    server: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    engine = OpenAIEngine("m")
    assert server.url in engine.identity
    assert (await generate(engine, ask()))[0].text == "fine"
    assert server.keys == {f"Bearer {KEY}"}
    other = OpenAIEngine("m", base_url=f"{server.url}/", retries=0)
    await generate(other, ask())
    assert server.keys == {f"Bearer {KEY}", "Bearer none"}, "a key goes to its own server only"


def test_connections_of_loops_that_are_over_are_let_go(server: Fake) -> None:
    engine = OpenAIEngine("m", base_url=server.url)
    for _ in range(5):
        asyncio.run(engine.generate(ask()))
        gc.collect()
    assert len(engine._fleets) == 1


async def test_a_server_that_is_down_is_named_without_its_password() -> None:
    engine = OpenAIEngine("m", base_url="http://me:secret@127.0.0.1:1/v1", retries=0)
    told = str(await failure(engine, ask()))
    assert "http://127.0.0.1:1/v1 can't be reached" in told
    assert "secret" not in told


async def test_the_request_carries_everything(server: Fake) -> None:
    engine = OpenAIEngine("m", base_url=server.url, api_key=KEY)
    server.replies = [(200, reply(choice("b", 1), choice("a", 0)))]
    completions = await generate(
        engine, ask(n=2, max_tokens=7, temperature=0.5, top_p=0.9, stop=("END",), seed=3)
    )
    assert [c.text for c in completions] == ["a", "b"]
    (body,) = server.bodies
    seed = body.pop("seed")
    assert isinstance(seed, int)
    assert body == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hello?"}],
        "n": 2,
        "max_tokens": 7,
        "temperature": 0.5,
        "top_p": 0.9,
        "stop": ["END"],
    }
    assert server.keys == {f"Bearer {KEY}"}


async def test_usage_counts_the_prompt_and_the_cache_once(server: Fake) -> None:
    server.replies = [(200, reply(choice("a"), choice("b", 1)))]
    first, second = await generate(OpenAIEngine("m", base_url=server.url), ask(n=2))
    assert (first.usage.prompt_tokens, first.usage.cached_tokens, first.usage.calls) == (10, 8, 1)
    assert (second.usage.prompt_tokens, second.usage.cached_tokens) == (0, None)
    assert first.usage.completion_tokens + second.usage.completion_tokens == 5


async def test_vllm_is_recognised_and_continues_a_prefill(server: Fake) -> None:
    engine = vllm(server)
    assert engine.context == 4096
    assert {"prefill", "regex"} <= engine.capabilities
    await generate(engine, ask(prefill="So far", regex="(a|b)"))
    (body,) = server.bodies
    assert body["messages"][-1] == {"role": "assistant", "content": "So far"}
    assert body["continue_final_message"] is True
    assert body["add_generation_prompt"] is False
    assert body["structured_outputs"] == {"regex": "(a|b)"}


async def test_sglang_takes_its_own_regex_field(server: Fake) -> None:
    server.models = [{"id": "m", "owned_by": "sglang"}]
    await generate(OpenAIEngine("m", base_url=server.url), ask(regex="(a|b)"))
    assert server.bodies[0]["regex"] == "(a|b)"


async def test_other_servers_declare_no_prefill_and_refuse_it(server: Fake) -> None:
    engine = OpenAIEngine("m", base_url=server.url)
    assert not {"prefill", "regex", "score"} & engine.capabilities
    for request in (ask(prefill="So"), ask(regex="a")):
        with pytest.raises(CapabilityError, match="offers no"):
            await engine.generate(request)
    with pytest.raises(CapabilityError, match="openvino"):
        await engine.score(ask(), ["a"])
    assert not server.bodies
    told = OpenAIEngine("m", base_url=server.url, prefill=True)
    assert "prefill" in told.capabilities


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        ('{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}', False),
        (
            '{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], '
            '"additionalProperties": false}',
            True,
        ),
    ],
)
async def test_schemas_go_into_the_response_format(server: Fake, schema: str, strict: bool) -> None:
    await generate(OpenAIEngine("m", base_url=server.url), ask(json_schema=schema))
    sent = server.bodies[0]["response_format"]
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["schema"] == json.loads(schema)
    assert sent["json_schema"]["strict"] is strict


async def test_logprobs_are_read(server: Fake) -> None:
    content = [{"token": "a", "logprob": -0.5, "bytes": None, "top_logprobs": []}]
    server.replies = [(200, reply(choice("a", logprobs={"content": content})))]
    (completion,) = await generate(OpenAIEngine("m", base_url=server.url), ask(logprobs=True))
    assert completion.logprobs == (-0.5,)


def delta(**fields: Any) -> dict[str, Any]:
    content = fields.pop("content", None)
    inner = {"index": 0, "delta": {"content": content} if content else {}, **fields}
    return {**HEAD, "object": "chat.completion.chunk", "choices": [inner]}


async def test_streams_add_up_and_carry_usage(server: Fake) -> None:
    events = [delta(content="Hel"), delta(content="lo"), delta(finish_reason="length")]
    server.replies = [(200, [*events, {**HEAD, "choices": [], "usage": USAGE}])]
    engine = OpenAIEngine("m", base_url=server.url)
    chunks = [c async for c in engine.stream(ask())]
    await engine.aclose()
    assert [c.text for c in chunks] == ["Hel", "lo", ""]
    completion = chunks[-1].completion
    assert completion is not None
    assert (completion.text, completion.finish_reason) == ("Hello", "length")
    assert completion.usage.cached_tokens == 8


async def test_a_stream_that_is_cut_is_an_error_and_no_answer(server: Fake) -> None:
    server.replies = [(200, [delta(content="Hel")])]
    engine = OpenAIEngine("m", base_url=server.url)
    with pytest.raises(EngineError, match="ended the reply with 'nothing'"):
        [c async for c in engine.stream(ask())]
    await engine.aclose()


async def test_server_errors_and_rate_limits_are_tried_again(server: Fake) -> None:
    fine = (200, reply(choice("fine")))
    server.replies = [(500, {"error": {"message": "x"}}), (429, {"error": {"message": "x"}}), fine]
    (completion,) = await generate(OpenAIEngine("m", base_url=server.url), ask())
    assert completion.text == "fine"
    assert len(server.bodies) == 3


async def test_retries_are_bounded(server: Fake) -> None:
    server.replies = [(500, {"error": {"message": "x"}})]
    error = await failure(OpenAIEngine("m", base_url=server.url, retries=1), ask())
    assert "status 500" in str(error)
    assert len(server.bodies) == 2


async def test_bad_requests_are_told_and_not_repeated(server: Fake) -> None:
    server.replies = [(400, {"error": {"message": "no such option"}})]
    error = await failure(OpenAIEngine("m", base_url=server.url), ask())
    assert isinstance(error, EngineError)
    assert "no such option" in str(error)
    assert len(server.bodies) == 1


async def test_an_overflow_is_recognised(server: Fake) -> None:
    message = "This model's maximum context length is 4096 tokens. However, you sent 5000 tokens."
    server.replies = [(400, {"error": {"message": message, "code": "context_length_exceeded"}})]
    error = await failure(vllm(server), ask())
    assert isinstance(error, ContextOverflowError)
    assert (error.prompt_tokens, error.limit) == (5000, 4096)


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_refused_key_or_unknown_model_is_the_users_error(server: Fake, status: int) -> None:
    server.replies = [(status, {"error": {"message": f"Incorrect API key provided: {KEY}"}})]
    error = await failure(OpenAIEngine("m", base_url=server.url, api_key=KEY), ask())
    assert isinstance(error, ConfigError)
    assert f"m: {server.url} " in str(error), "it says which server"


async def test_the_key_shows_nowhere(server: Fake, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.replies = [(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}})]
    engine = OpenAIEngine("m", base_url=server.url, api_key=KEY)
    error = await failure(engine, ask())
    server.replies = [(400, {"error": {"message": f"bad {KEY}"}})]
    other = await failure(engine, ask())
    shown = [repr(engine), str(engine), repr(error), repr(other), str(error.__cause__), caplog.text]
    assert not [text for text in shown if KEY in text]


@pytest.mark.parametrize(
    "bad",
    [
        choice("partial", finish_reason="content_filter"),
        choice(None, message={"refusal": "I can't."}),
    ],
)
async def test_filtered_and_refused_replies_are_errors(server: Fake, bad: Any) -> None:
    server.replies = [(200, reply(bad))]
    assert isinstance(await failure(OpenAIEngine("m", base_url=server.url), ask()), EngineError)


async def test_too_few_samples_are_an_error(server: Fake) -> None:
    error = await failure(OpenAIEngine("m", base_url=server.url), ask(n=2))
    assert "1 samples came, 2 were asked" in str(error)


async def test_a_slow_server_times_out(server: Fake) -> None:
    server.delay_s = 0.5
    engine = OpenAIEngine("m", base_url=server.url, timeout_s=0.1, retries=0)
    assert isinstance(await failure(engine, ask()), EngineTimeoutError)


async def test_an_absent_server_is_a_dead_engine() -> None:
    engine = OpenAIEngine("m", base_url="http://127.0.0.1:9/v1", retries=0)
    assert isinstance(await failure(engine, ask()), EngineDiedError)


def test_one_engine_serves_several_event_loops(server: Fake) -> None:
    engine = OpenAIEngine("m", base_url=server.url)
    texts = [asyncio.run(generate(engine, ask()))[0].text for _ in range(2)]
    assert texts == ["fine", "fine"]


def test_neither_key_nor_server_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigError, match="RAGREASON_OPENAI_API_KEY"):
        OpenAIEngine("m")
    with pytest.raises(ConfigError, match="no server URL"):
        OpenAIEngine("m", base_url="localhost:8000")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a<|im_end|>b", "a< |im_end|>b"),
        ("</s><s>[INST]", "< /s>< s>[ INST]"),
        ("<end_of_turn>", "< end_of_turn>"),
        ("x < y and <b>bold</b> [1]", "x < y and <b>bold</b> [1]"),
    ],
)
def test_special_tokens_are_broken_and_other_text_is_not(text: str, shown: str) -> None:
    assert neutral(text) == shown
