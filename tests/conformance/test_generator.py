"""One suite for every registered engine: what it declares works, what it does not is refused."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any, cast, get_args

import pytest

from ragreason import registry
from ragreason.cache import ResponseCache
from ragreason.errors import CapabilityError, ConfigError, ContextOverflowError
from ragreason.generation.cached import Cached
from ragreason.generation.metered import Metered
from ragreason.generation.openai import OpenAIEngine
from ragreason.generation.openvino import OpenVINOEngine
from ragreason.generation.prefixes import Counted
from ragreason.generation.replay import Replay
from ragreason.generation.scheduler import Scheduled, Scheduler
from ragreason.generation.scripted import Scripted
from ragreason.generation.thinking import Thinking
from ragreason.generation.thinking_effort import Thought
from ragreason.generation.transformers import TransformersEngine
from ragreason.integrations.langchain_chat import ChatModelEngine
from ragreason.protocols import Capability, Generator
from ragreason.types import Completion, Message, Request
from tests.generation.tiny_model import tiny_model, tiny_tokenizer
from tests.integrations.fake_chat import fake, words

SCHEMA = '{"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}'
TEXTS = [f"reply number {word} is one of several" for word in ("one", "two", "three", "four")]


def script() -> Scripted:
    return Scripted(default=TEXTS, context=64)


WRAPPERS = ("metered", "thinking", "scheduled", "counted", "cached", "chat_model")
"""What stands between runs and engines has to be one itself, and so have models of others."""


def known() -> Scripted:
    """An engine that says what determines its replies, so that they can be kept."""
    engine: Any = script()
    engine.identity = "script"
    return cast(Scripted, engine)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[ResponseCache]:
    made = ResponseCache(tmp_path / "responses.sqlite")
    yield made
    made.close()


class Handler(BaseHTTPRequestHandler):
    """Speaks as a vLLM server does, with a scripted engine behind it."""

    def do_GET(self) -> None:
        self._send({"data": [{"id": "m", "owned_by": "vllm", "max_model_len": 64}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/tokenize":
            self._send({"tokens": _token_ids(body)})
            return
        if self.path == "/v1/completions":
            self._send(_scored(body["prompt"]))
            return
        try:
            completions = asyncio.run(script().generate(_request(body)))
        except ContextOverflowError as error:
            message = f"This model's maximum context length is 64 tokens; {error.prompt_tokens}"
            self._send({"error": {"message": message}}, 400)
            return
        if not body.get("stream"):
            self._send(_reply(completions))
            return
        (completion,) = completions
        pieces = re.findall(r"\s*\S+", completion.text)
        events: list[dict[str, Any]] = [
            {"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces
        ]
        last: dict[str, Any] = {"index": 0, "delta": {}, "finish_reason": completion.finish_reason}
        events += [{"choices": [last]}, {"choices": [], "usage": _usage(completions)}]
        lines = "".join(f"data: {json.dumps({**_HEAD, **e})}\n\n" for e in events)
        self._send_bytes(f"{lines}data: [DONE]\n\n".encode(), "text/event-stream")

    def _send(self, value: Any, status: int = 200) -> None:
        self._send_bytes(json.dumps(value).encode(), "application/json", status)

    def _send_bytes(self, data: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        """Nothing on standard error."""


_HEAD = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def _request(body: dict[str, Any]) -> Request:
    *messages, last = body["messages"]
    continued = body.get("continue_final_message", False)
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
    return Request(
        messages=tuple(Message(**m) for m in (messages if continued else [*messages, last])),
        prefill=last["content"] if continued else "",
        n=body["n"],
        max_tokens=body["max_tokens"],
        temperature=body["temperature"],
        stop=tuple(body.get("stop", ())),
        seed=body.get("seed"),
        json_schema=json.dumps(schema) if schema else None,
        regex=body.get("structured_outputs", {}).get("regex"),
        logprobs=body.get("logprobs", False),
        top_logprobs=body.get("top_logprobs", 0),
    )


def _reply(completions: list[Completion]) -> dict[str, Any]:
    choices = [
        {
            "index": i,
            "message": {"role": "assistant", "content": c.text},
            "finish_reason": c.finish_reason,
            "logprobs": {"content": _tokens(c)} if c.logprobs is not None else None,
        }
        for i, c in enumerate(completions)
    ]
    return {**_HEAD, "choices": choices, "usage": _usage(completions)}


def _tokens(completion: Completion) -> list[dict[str, Any]]:
    places = completion.top_logprobs or [()] * len(completion.logprobs or ())
    return [
        {
            "token": "t",
            "logprob": value,
            "top_logprobs": [{"token": t, "logprob": v} for t, v in reversed(place)],
        }
        for value, place in zip(completion.logprobs or (), places, strict=True)
    ]


def _token_ids(body: dict[str, Any]) -> list[int]:
    """Code points; a chat ends in a 0, so that what is joined to it can be told apart again."""
    if "messages" not in body:
        return [ord(letter) for letter in body["prompt"]]
    return [*map(ord, json.dumps(body)), 0]


def _scored(prompts: list[list[int]]) -> dict[str, Any]:
    """Each prompt's ids with their log-probabilities, as vLLM gives them for `prompt_logprobs`."""
    choices = []
    for index, ids in enumerate(prompts):
        end = ids.index(0) + 1
        chat = json.loads("".join(map(chr, ids[: end - 1])))
        request = _request({"n": 1, "max_tokens": 1, "temperature": 0, **chat})
        text = "".join(map(chr, ids[end:]))
        (score,) = asyncio.run(script().score(request, [text]))
        tail = [{str(i): {"logprob": score / len(text), "rank": 1}} for i in ids[end:]]
        told = [None, *([{"1": {"logprob": -1.0}}] * (end - 1)), *tail]
        choices.append({"index": index, "text": "", "prompt_logprobs": told})
    return {**_HEAD, "object": "text_completion", "choices": choices[::-1]}


def _usage(completions: list[Completion]) -> dict[str, Any]:
    prompt = sum(c.usage.prompt_tokens for c in completions)
    written = sum(c.usage.completion_tokens for c in completions)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": written,
        "total_tokens": prompt + written,
        "prompt_tokens_details": {"cached_tokens": 1},
    }


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/v1"
        running.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def smollm() -> Iterator[OpenVINOEngine]:
    engine = OpenVINOEngine("smollm2-135m", timeout_s=120)
    yield engine
    asyncio.run(engine.aclose())


def tiny() -> TransformersEngine:
    return TransformersEngine(tiny_model(), tokenizer=tiny_tokenizer(), label="tiny")


MARKS = {
    "openvino": [pytest.mark.model],
    "vllm": [
        pytest.mark.system,
        pytest.mark.skipif(find_spec("vllm") is None, reason="needs vLLM: make test-vllm"),
    ],
}


@pytest.fixture(
    params=[
        pytest.param(name, marks=MARKS.get(name, []))
        for name in [*registry.known("generators"), *WRAPPERS]
    ]
)
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Generator]:
    """Each registered engine; another one that is registered needs a line here."""
    shared = {"openvino": "smollm", "vllm": "smolvllm"}
    if request.param in shared:
        yield request.getfixturevalue(shared[request.param])
        return
    made: dict[str, Any] = {
        "openai": lambda: OpenAIEngine("m", base_url=request.getfixturevalue("server")),
        "replay": lambda: Replay(tmp_path / "recording.jsonl", script()),
        "scripted": script,
        "transformers": tiny,
        "metered": lambda: Metered(script()),
        "thinking": lambda: Thinking(cast(Generator, Metered(script())), Thought(level="none")),
        "scheduled": lambda: Scheduled(script(), Scheduler(1)),
        "counted": lambda: Counted(script()),
        "chat_model": lambda: ChatModelEngine(
            fake(Scripted(default=TEXTS[:3])), context=64, seeds=True, tools=True, count=words
        ),
        "cached": lambda: Cached(known(), request.getfixturevalue("cache")),
    }
    engine = cast(Generator, made[request.param]())
    yield engine
    await engine.aclose()
    await engine.aclose()


def ask(**fields: Any) -> Request:
    messages = (
        Message(role="system", content="Answer."),
        Message(role="user", content="Count from one to twenty in words."),
    )
    return Request.model_validate({"messages": messages, "max_tokens": 12, **fields})


def needs(engine: Generator, capability: Capability) -> None:
    if capability not in engine.capabilities:
        pytest.skip(f"{engine.name} declares no {capability}")


def test_it_is_a_generator_with_a_name_a_context_and_known_capabilities(engine: Generator) -> None:
    assert isinstance(engine, Generator)
    assert engine.name
    assert engine.context > 0
    assert engine.capabilities <= set(get_args(Capability))


async def test_it_gives_n_completions_and_counts_the_prompt_once(engine: Generator) -> None:
    completions = await engine.generate(ask(n=3, temperature=1.0, seed=1))
    assert len(completions) == 3
    assert all(isinstance(c, Completion) and c.text for c in completions)
    assert len({c.text for c in completions}) > 1
    assert completions[0].usage.prompt_tokens > 0
    assert completions[0].usage.calls == 1
    assert all(c.usage.prompt_tokens == c.usage.calls == 0 for c in completions[1:])
    assert all(c.usage.completion_tokens > 0 for c in completions)


async def test_greedy_requests_repeat(engine: Generator) -> None:
    first, second = await engine.generate(ask()), await engine.generate(ask())
    assert [c.text for c in first] == [c.text for c in second]


async def test_a_completion_cut_by_max_tokens_says_so(engine: Generator) -> None:
    (completion,) = await engine.generate(ask(max_tokens=2))
    assert completion.finish_reason == "length"
    assert completion.usage.completion_tokens == 2


async def test_stop_strings_end_the_text_and_are_left_out(engine: Generator) -> None:
    (whole,) = await engine.generate(ask())
    stop = whole.text[3:6]
    (cut,) = await engine.generate(ask(stop=(stop,)))
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert cut.finish_reason == "stop"


async def test_concurrent_requests_get_their_own_answers(engine: Generator) -> None:
    needs(engine, "regex")
    answers = await asyncio.gather(
        *(engine.generate(ask(regex=f"(answer {i})", max_tokens=30)) for i in range(8))
    )
    assert [[c.text for c in completions] for completions in answers] == [
        [f"answer {i}"] for i in range(8)
    ]


async def test_counting_tokens_agrees_with_what_is_charged(engine: Generator) -> None:
    counted = await engine.count_tokens(ask())
    longer = await engine.count_tokens(ask(prefill="one two three four five six"))
    (completion,) = await engine.generate(ask())
    assert counted < longer
    if not isinstance(engine, OpenAIEngine):  # which estimates
        assert counted == completion.usage.prompt_tokens


async def test_a_prompt_beyond_the_context_overflows(engine: Generator) -> None:
    long = (Message(role="user", content="word " * (engine.context + 10)),)
    with pytest.raises(ContextOverflowError) as caught:
        await engine.generate(ask(messages=long))
    assert caught.value.limit == engine.context < caught.value.prompt_tokens


async def test_cancelling_is_passed_on(engine: Generator) -> None:
    task = asyncio.create_task(engine.generate(ask(max_tokens=30)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await engine.generate(ask()))[0].text


async def test_seed(engine: Generator) -> None:
    needs(engine, "seed")
    request = ask(n=2, temperature=1.0, seed=5)
    first, again = await engine.generate(request), await engine.generate(request)
    assert [c.text for c in first] == [c.text for c in again]


async def test_prefill(engine: Generator) -> None:
    if "prefill" not in engine.capabilities:
        with pytest.raises(CapabilityError):
            await engine.generate(ask(prefill="one, two,"))
        return
    (completion,) = await engine.generate(ask(prefill="one, two,"))
    assert not completion.text.lstrip().startswith("one, two,")


async def test_stream(engine: Generator) -> None:
    needs(engine, "stream")
    chunks = [c async for c in engine.stream(ask())]
    completion = chunks[-1].completion
    assert completion is not None
    assert all(c.completion is None for c in chunks[:-1])
    assert "".join(c.text for c in chunks) == completion.text
    assert completion.text == (await engine.generate(ask()))[0].text
    assert completion.usage.prompt_tokens > 0
    assert len(chunks) > 2


async def test_a_stream_can_be_left_early(engine: Generator) -> None:
    needs(engine, "stream")
    async with aclosing(engine.stream(ask(max_tokens=30))) as chunks:  # type: ignore[type-var]
        await anext(chunks)
    assert (await engine.generate(ask()))[0].text


async def test_streams_have_one_sample(engine: Generator) -> None:
    needs(engine, "stream")
    with pytest.raises(ConfigError, match="n=2"):
        await anext(engine.stream(ask(n=2)))


async def test_json_schema(engine: Generator) -> None:
    needs(engine, "json_schema")
    for completion in await engine.generate(
        ask(json_schema=SCHEMA, max_tokens=60, n=2, temperature=0.5, seed=1)
    ):
        assert isinstance(json.loads(completion.text)["ok"], bool)


async def test_regex(engine: Generator) -> None:
    if "regex" not in engine.capabilities:
        with pytest.raises(CapabilityError):
            await engine.generate(ask(regex="(yes|no)"))
        return
    completions = await engine.generate(ask(regex="(yes|no)", n=2, temperature=1.0, seed=1))
    assert {c.text for c in completions} <= {"yes", "no"}


async def test_bad_constraints_are_one_clear_error(engine: Generator) -> None:
    with pytest.raises(ConfigError, match="not JSON"):
        await engine.generate(ask(json_schema="{"))
    with pytest.raises(ConfigError, match="malformed"):
        await engine.generate(ask(regex="(a"))
    with pytest.raises(ConfigError, match="at most one"):
        await engine.generate(ask(regex="a", json_schema=SCHEMA))


async def test_logprobs(engine: Generator) -> None:
    needs(engine, "logprobs")
    (completion,) = await engine.generate(ask(logprobs=True))
    assert completion.logprobs
    assert all(value <= 0 for value in completion.logprobs)
    assert len(completion.logprobs) == completion.usage.completion_tokens
    assert (await engine.generate(ask()))[0].logprobs is None


@pytest.mark.parametrize(("capability", "max_tokens"), [("top_logprobs", 12), ("first_tokens", 1)])
async def test_the_likeliest_tokens_come_best_first(
    engine: Generator, capability: Capability, max_tokens: int
) -> None:
    needs(engine, capability)
    request = ask(logprobs=True, top_logprobs=3, max_tokens=max_tokens, stop=("\n",))
    (completion,) = await engine.generate(request)
    assert completion.logprobs is not None
    assert completion.top_logprobs is not None
    assert len(completion.top_logprobs) == len(completion.logprobs)
    for place, chosen in zip(completion.top_logprobs, completion.logprobs, strict=True):
        values = [value for _, value in place]
        assert 0 < len(place) <= 3
        assert values == sorted(values, reverse=True)
        assert values[0] <= 0
        assert values[0] == pytest.approx(chosen, abs=0.05), "greedy takes the likeliest"
    assert (await engine.generate(ask()))[0].top_logprobs is None


async def test_likeliest_tokens_that_it_can_not_tell_are_refused(engine: Generator) -> None:
    if "top_logprobs" in engine.capabilities:
        pytest.skip(f"{engine.name} tells them")
    for fields in ({}, {"max_tokens": 1, "temperature": 1.0}, {"max_tokens": 1, "n": 2}):
        with pytest.raises(CapabilityError, match="top_logprobs"):
            await engine.generate(ask(top_logprobs=3, **fields))


async def test_token_ids(engine: Generator) -> None:
    needs(engine, "token_ids")
    (completion,) = await engine.generate(ask())
    assert len(completion.token_ids) == completion.usage.completion_tokens


async def test_score(engine: Generator) -> None:
    if "score" not in engine.capabilities:
        with pytest.raises(CapabilityError):
            await engine.score(ask(), ["one"])
        return
    texts = ["one two", "zebra zebra zebra", ""]
    likely, unlikely, empty = await engine.score(ask(), texts)
    assert unlikely < likely < 0 == empty
    assert await engine.score(ask(), texts) == [likely, unlikely, empty]


async def test_cached(engine: Generator) -> None:
    (completion,) = await engine.generate(ask())
    if "cached" in engine.capabilities:
        assert completion.usage.cached_tokens is not None
    else:
        assert completion.usage.cached_tokens is None
