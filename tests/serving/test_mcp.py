"""MCP's tools and resources by the official client: over HTTP here, and in one process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from ragreason.errors import ConfigError
from ragreason.generation.scripted import Scripted
from ragreason.serving.mcp_open import http_app, open_tools
from ragreason.serving.mcp_server import create_server
from ragreason.serving.mcp_tools import Tools
from ragreason.serving.options import Options
from tests.serving.conftest import HASHING, Told
from tests.serving.held import Held

KEY = "a-key-of-some-length"
Opened = Callable[..., AbstractAsyncContextManager[Tools]]
QUESTION = "When was the designer of the Sallow Bridge born?"


@pytest.fixture
def tools(index_dir: Path) -> Opened:
    """`async with tools(engine, graphs) as opened`, its limits by name."""

    def opened(
        engine: Any = None, graphs: tuple[str, ...] = ("naive_rag", "rewrite"), **limits: Any
    ) -> AbstractAsyncContextManager[Tools]:
        model = engine or Scripted(default="1874")
        return open_tools(graphs, Options(**limits), HASHING, model=model, index=index_dir)

    return opened


@asynccontextmanager
async def over_http(tools: Tools, **options: Any) -> AsyncIterator[str]:
    """The address of a server in this process."""
    app = http_app(create_server(tools), Options(port=0, **options))
    server = Told(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    task = asyncio.create_task(server.serve())
    try:
        await server.up.wait()
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/mcp"
    finally:
        server.should_exit = True
        await task


Connect = Callable[[], AbstractAsyncContextManager[Client]]


@pytest.fixture(params=["auto", "legacy"])
def connect(request: pytest.FixtureRequest, tools: Opened) -> Connect:
    """The official client over streamable HTTP, by the newest protocol and an older one."""

    @asynccontextmanager
    async def connected() -> AsyncIterator[Client]:
        async with (
            tools() as opened,
            over_http(opened) as url,
            Client(url, mode=request.param) as client,
        ):
            yield client

    return connected


async def test_the_tools_say_what_they_take_and_give(connect: Connect) -> None:
    async with connect() as client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert list(listed) == ["answer", "search", "open_document"]
        graphs = listed["answer"].input_schema["properties"]["graph"]
        assert graphs["enum"] == ["naive_rag", "rewrite"]
        for tool in listed.values():
            assert tool.output_schema is not None
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint
        assert client.server_info is not None
        assert client.server_info.name == "ragreason"


async def test_a_question_is_answered_with_citations_that_can_be_opened(connect: Connect) -> None:
    async with connect() as client:
        lines: list[str | None] = []

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            lines.append(message)

        done = await client.call_tool("answer", {"question": QUESTION}, progress_callback=hear)
        assert not done.is_error
        given = done.structured_content
        assert given["answer"] == "1874"
        assert given["graph"] == "naive_rag"
        assert given["tokens"] > 0
        cited = given["citations"][0]
        assert f"[{cited['number']}]" in given["cited"]
        assert cited["title"] == "Edda Quill"
        assert lines
        assert lines[0] is not None
        assert lines[0].startswith("Searched for When was the designer")
        (contents,) = (await client.read_resource(cited["uri"])).contents
        assert cited["quote"] in contents.text  # type: ignore[union-attr]
        opened = await client.call_tool("open_document", {"document": cited["passage_id"]})
        assert cited["quote"] in opened.structured_content["passages"][0]["text"]


async def test_a_search_gives_passages_as_text_and_as_data(connect: Connect) -> None:
    async with connect() as client:
        done = await client.call_tool("search", {"query": "Sallow Bridge", "k": 2})
        passages = done.structured_content["passages"]
        assert passages[0]["title"] == "Sallow Bridge"
        assert passages[0]["text"] in done.content[0].text  # type: ignore[union-attr]
        assert passages[0]["id"] in done.content[0].text  # type: ignore[union-attr]


async def test_every_document_is_listed_and_can_be_read(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connect() as client:
        monkeypatch.setattr("ragreason.serving.mcp_corpus.PAGE", 3)
        first = await client.list_resources()
        second = await client.list_resources(cursor=first.next_cursor)
        assert second.next_cursor is None
        titles = [r.title for r in (*first.resources, *second.resources)]
        assert sorted(map(str, titles)) == ["Edda Quill", "Harrowby", "Sallow Bridge", "Trap"]
        for resource in first.resources:
            (contents,) = (await client.read_resource(resource.uri)).contents
            assert contents.text.startswith(f"{resource.title}\n\n")  # type: ignore[union-attr]
        (template,) = (await client.list_resource_templates()).resource_templates
        assert template.uri_template == "ragreason://documents/{document}"


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("answer", {}, "'question' is missing"),
        ("answer", {"question": "x" * 501}, "too long"),
        ("answer", {"question": "  "}, "the question is empty"),
        ("answer", {"question": "Who?", "graph": "nope"}, "none of: naive_rag, rewrite"),
        ("answer", {"question": "Who?", "seed": -1}, "too small"),
        ("search", {"query": "x", "k": 51}, "too big"),
        ("search", {"query": "x", "path": "/etc/passwd"}, "there is no argument 'path'"),
        ("open_document", {"document": "../../etc/passwd"}, "no document"),
        ("open_document", {"document": "Trap", "first": 9}, "has 1 passages"),
        ("nope", {}, "tools: answer, search, open_document"),
    ],
)
async def test_a_wrong_call_is_told_what_was_wrong(
    tools: Opened, name: str, arguments: dict[str, Any], told: str
) -> None:
    async with tools() as opened, Client(create_server(opened)) as client:
        done = await client.call_tool(name, arguments)
        assert done.is_error
        assert told in done.content[0].text  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "uri", ["ragreason://documents/..%2F..%2Fetc%2Fpasswd", "file:///etc/passwd", "ragreason://x"]
)
async def test_what_is_no_document_of_the_index_is_not_read(tools: Opened, uri: str) -> None:
    async with tools() as opened, Client(create_server(opened)) as client:
        with pytest.raises(MCPError, match="no document at"):
            await client.read_resource(uri)
        with pytest.raises(MCPError, match="no such page"):
            await client.list_resources(cursor="-1")


async def test_a_failing_engine_is_an_error_that_the_model_reads(tools: Opened) -> None:
    async with tools(Scripted()) as opened, Client(create_server(opened)) as client:
        done = await client.call_tool("answer", {"question": "Who?"})
        assert done.is_error
        assert "no rule fits" in done.content[0].text  # type: ignore[union-attr]


async def test_no_more_calls_than_the_limit_are_at_work(tools: Opened) -> None:
    held = Held()
    async with tools(held, most_runs=1) as opened, Client(create_server(opened)) as client:
        first = asyncio.create_task(client.call_tool("answer", {"question": "Who?"}))
        await held.begun.wait()
        refused = await client.call_tool("search", {"query": "bridge"})
        assert refused.is_error
        assert "try again soon" in refused.content[0].text  # type: ignore[union-attr]
        held.go.set()
        assert not (await first).is_error
        assert not (await client.call_tool("search", {"query": "bridge"})).is_error


async def test_a_call_that_takes_too_long_is_ended(tools: Opened) -> None:
    held = Held()
    async with tools(held, most_seconds=0.05) as opened, Client(create_server(opened)) as client:
        done = await client.call_tool("answer", {"question": "Who?"})
        assert done.is_error
        assert "longer than 0.05 s" in done.content[0].text  # type: ignore[union-attr]
        assert opened.turnstile.inside == 0


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_that_cancels_frees_the_engine(tools: Opened, mode: str) -> None:
    held = Held()
    async with (
        tools(held, most_runs=1) as opened,
        over_http(opened) as url,
        Client(url, mode=mode) as client,
    ):
        call = asyncio.create_task(client.call_tool("answer", {"question": "Who?"}))
        await held.begun.wait()
        assert opened.turnstile.inside == 1
        call.cancel()
        async with asyncio.timeout(5):
            await held.left.wait()
            while (await client.call_tool("search", {"query": "bridge"})).is_error:
                continue


async def test_others_need_a_key(tools: Opened) -> None:
    import httpx2

    async with tools() as opened, over_http(opened, keys=(KEY,)) as url:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            async with httpx.AsyncClient(headers=headers) as wrong:
                assert (await wrong.post(url, json={})).status_code == 401
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as right,
            Client(streamable_http_client(url, http_client=right)) as client,
        ):
            assert not (await client.call_tool("search", {"query": "bridge"})).is_error
    with pytest.raises(ConfigError, match="no keys are set"):
        Options(host="0.0.0.0")


async def test_pages_from_elsewhere_and_large_bodies_are_refused(tools: Opened) -> None:
    async with (
        tools() as opened,
        over_http(opened, most_body_bytes=1000) as url,
        httpx.AsyncClient() as plain,
    ):
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
            assert (await plain.post(url, json={}, headers=headers)).status_code == 403
        assert (await plain.post(url, content=b"x" * 1001)).status_code == 413


async def test_without_an_index_there_is_only_the_answer() -> None:
    async with (
        open_tools(["direct"], Options(), HASHING, model=Scripted(default="Paris")) as opened,
        Client(create_server(opened)) as client,
    ):
        assert [tool.name for tool in (await client.list_tools()).tools] == ["answer"]
        assert client.server_capabilities.resources is None
        done = await client.call_tool("answer", {"question": "Capital of France?"})
        assert done.structured_content["answer"] == "Paris"
