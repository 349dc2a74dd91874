"""One multi-hop question over the sample corpus, with the real default model, by every door."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk import get_client
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from openai import OpenAI

from ragreason.cli.demo import index_folder
from ragreason.settings import load_settings

pytestmark = pytest.mark.model
ROOT = Path(__file__).parents[2]
ASKED = "In which year was the composer of the opera The Drowned Orchard born?"
ANSWER = "1839"
TITLES = {"The Drowned Orchard", "Anselm Corviday"}
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`ragreason serve --demo` in a process of its own."""
    database = tmp_path_factory.mktemp("serving") / "runs.sqlite"
    command = [sys.executable, "-m", "ragreason", "serve", "naive_rag", "--demo", "--json"]
    command += ["--port", "0", "--no-cache", "--database", f"sqlite:///{database}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            text = ""
            while not text.rstrip().endswith("}"):
                line = process.stdout.readline()
                assert line, "the server ended before it was up"
                text += line
            yield json.loads(text)["url"].rstrip("/")
        finally:
            process.terminate()
            process.wait(60)


def check(content: str, titles: set[str]) -> None:
    assert ANSWER in content
    assert "[1]" in content
    assert titles & TITLES, titles


def test_the_openai_client(url: str) -> None:
    with OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        messages: Any = [{"role": "user", "content": ASKED}]
        reply = client.chat.completions.create(model="naive_rag", messages=messages)
        message = reply.choices[0].message
        assert message.content is not None
        cited = {a.url_citation.title for a in message.annotations or ()}
        check(message.content, cited)
        stream = client.chat.completions.create(model="naive_rag", messages=messages, stream=True)
        said = "".join(c.choices[0].delta.content or "" for c in stream if c.choices)
        assert said == message.content


def test_curl(url: str) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    body = {"model": "naive_rag", "messages": [{"role": "user", "content": ASKED}]}
    command = [curl, "-sf", f"{url}/v1/chat/completions"]
    command += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    message = json.loads(done.stdout)["choices"][0]["message"]
    check(message["content"], {a["url_citation"]["title"] for a in message["annotations"]})


async def test_the_mcp_client_over_stdio() -> None:
    arguments = ["-m", "ragreason", "mcp", "naive_rag", "--demo", "--no-cache"]
    server = StdioServerParameters(command=sys.executable, args=arguments, env=dict(os.environ))
    async with Client(stdio_client(server)) as client:
        done = await client.call_tool("answer", {"question": ASKED})
        given = done.structured_content
        assert given is not None
        check(given["cited"], {citation["title"] for citation in given["citations"]})


async def test_the_page(url: str) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium; on Debian: apt-get install chromium")
    api = pytest.importorskip("playwright.async_api", reason="pip install playwright")
    async with api.async_playwright() as play:
        browser = await play.chromium.launch(executable_path=chromium, args=list(CHROMIUM))
        page = await browser.new_page()
        await page.goto(url)
        await page.select_option("#graph", "naive_rag")
        await page.fill("#question", ASKED)
        await page.keyboard.press("Enter")
        await page.wait_for_selector('.answer-card .state[data-status="finished"]')
        text = await page.locator(".answer-card").first.inner_text()
        everything = await page.locator("body").inner_text()
        await browser.close()
    assert ANSWER in text
    assert any(title in everything for title in TITLES)


async def test_the_api_of_langgraph_dev(tmp_path: Path) -> None:
    program = os.environ.get("LANGGRAPH_CLI") or shutil.which("langgraph")
    if program is None:
        pytest.skip(
            "no langgraph; in an environment of its own: pip install 'langgraph-cli[inmem]'"
        )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    index = index_folder(load_settings())
    command = [program, "dev", "--no-browser", "--no-reload", "--port", port]
    log = tmp_path / "log"
    with (
        log.open("w") as output,
        subprocess.Popen(  # noqa: ASYNC220 - it starts once
            command,
            cwd=ROOT,
            env={**os.environ, "RAGREASON_INDEX": str(index)},
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            await _up(f"http://127.0.0.1:{port}/ok", process, log)
            client = get_client(url=f"http://127.0.0.1:{port}")
            given: Any = await client.runs.wait(None, "naive_rag", input={"question": ASKED})
        finally:
            process.terminate()
            await client.aclose()
    answer = given["answer"]
    check(answer["cited"], {citation["title"] for citation in answer["citations"]})


async def _up(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait for a server that tells nobody when it is up."""
    async with asyncio.timeout(120), httpx.AsyncClient() as client:
        while True:
            assert process.poll() is None, log.read_text()  # noqa: ASYNC240
            try:
                if (await client.get(url)).is_success:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)
