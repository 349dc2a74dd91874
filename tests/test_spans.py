"""Traces of runs: kept in memory, and sent to a receiver on this machine."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ragreason import spans
from ragreason.errors import EngineError
from ragreason.generation.scripted import Scripted
from ragreason.runner import open_runner
from ragreason.settings import Settings
from ragreason.types import Request

ASKED = "When was the designer of the Sallow Bridge born?"
HASHING = Settings(embedder="hashing", retriever="bm25")


@pytest.fixture
def memory() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans.turn_on(provider)
    yield exporter
    spans.turn_off()


async def run(index: Path, graph: str = "naive_rag", engine: Scripted | None = None) -> None:
    engine = engine or Scripted(default="1874")
    async with open_runner(graph, model=engine, index=index, settings=HASHING) as runner:
        await runner.answer(ASKED, thread="t")


def by_name(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def told(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


async def test_a_run_is_an_agent_with_nodes_searches_and_calls_inside(
    index_dir: Path, memory: InMemorySpanExporter
) -> None:
    await run(index_dir)
    found = by_name(memory)
    assert set(found) == {
        "invoke_agent naive_rag",
        "node retrieve",
        "retrieval bm25",
        "node answer",
        "chat script",
    }
    agent = found["invoke_agent naive_rag"]
    inside = {name: span.parent for name, span in found.items()}
    assert agent.context is not None
    for name in ("node retrieve", "node answer"):
        assert inside[name] is not None
        assert inside[name].span_id == agent.context.span_id  # type: ignore[union-attr]
    node = found["node answer"].context
    assert node is not None
    assert inside["chat script"].span_id == node.span_id  # type: ignore[union-attr]
    chat = told(found["chat script"])
    assert chat["gen_ai.operation.name"] == "chat"
    assert chat["gen_ai.provider.name"] == "scripted"
    assert chat["gen_ai.usage.input_tokens"] > 0
    assert chat["gen_ai.usage.output_tokens"] == 1
    assert chat["gen_ai.response.finish_reasons"] == ("stop",)
    search = told(found["retrieval bm25"])
    documents = json.loads(search["gen_ai.retrieval.documents"])
    assert search["gen_ai.retrieval.top_k"] == 5
    assert 0 < len(documents) <= 5
    assert set(documents[0]) == {"id", "score"}
    assert told(agent)["gen_ai.conversation.id"] == "t"
    assert told(agent)["gen_ai.usage.output_tokens"] == 1


async def test_what_was_asked_and_answered_is_left_out(
    index_dir: Path, memory: InMemorySpanExporter
) -> None:
    await run(index_dir)
    text = "\n".join(span.to_json() for span in memory.get_finished_spans())
    assert "Sallow" not in text
    assert "1874" not in text


async def test_unless_it_is_asked_for(index_dir: Path) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans.turn_on(provider, content=True)
    try:
        await run(index_dir)
    finally:
        spans.turn_off()
    found = by_name(exporter)
    assert told(found["retrieval bm25"])["gen_ai.retrieval.query.text"] == ASKED
    assert ASKED in told(found["chat script"])["gen_ai.input.messages"]
    assert told(found["invoke_agent naive_rag"])["gen_ai.output.messages"] == "1874"


async def test_questions_at_once_do_not_mix(index_dir: Path, memory: InMemorySpanExporter) -> None:
    import asyncio

    await asyncio.gather(*(run(index_dir) for _ in range(8)))
    spans_ = memory.get_finished_spans()
    traces = {s.context.trace_id for s in spans_ if s.context is not None}
    assert len(traces) == 8
    assert len(spans_) == 8 * 5
    assert all(len([s for s in spans_ if s.context.trace_id == t]) == 5 for t in traces)


async def test_a_failed_call_is_an_error_on_the_way_up(
    index_dir: Path, memory: InMemorySpanExporter
) -> None:
    class Failing(Scripted):
        async def generate(self, request: Request) -> Any:
            raise EngineError("secret words of a prompt")

        async def stream(self, request: Request) -> Any:
            raise EngineError("secret words of a prompt")
            yield

    with pytest.raises(EngineError):
        await run(index_dir, engine=Failing())
    found = by_name(memory)
    for name in ("chat script", "node answer", "invoke_agent naive_rag"):
        assert found[name].status.status_code.name == "ERROR"
        assert told(found[name])["error.type"] == "EngineError"
    assert "secret" not in "".join(span.to_json() for span in memory.get_finished_spans())


async def test_tools_are_spans_and_their_searches_lie_inside(
    index_dir: Path, memory: InMemorySpanExporter
) -> None:
    replies = iter(
        ['Thought: look\nAction: search {"query": "Edda Quill"}', "Thought: so\nAnswer: 1874"]
    )
    engine = Scripted(default=lambda _: next(replies, "Answer: 1874"))
    await run(index_dir, "agent", engine)
    found = memory.get_finished_spans()
    (tool,) = [s for s in found if s.name == "execute_tool search"]
    assert told(tool)["gen_ai.tool.name"] == "search"
    assert tool.context is not None
    searches = [s for s in found if s.name.startswith("retrieval")]
    assert any(s.parent and s.parent.span_id == tool.context.span_id for s in searches)


def test_off_nothing_is_imported_and_nothing_made() -> None:
    assert not spans.on()
    with spans.around("node", "x") as span, spans.leaf("chat", "y") as call:
        span.say(a=1)
        call.quote(b=2)
    assert span is call


class Receiver(BaseHTTPRequestHandler):
    """A collector's door: keeps the requests that come."""

    got: list[ExportTraceServiceRequest] = []  # noqa: RUF012 - set anew by the test

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            import gzip

            body = gzip.decompress(body)
        self.got.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Nothing on standard error."""


async def test_a_collector_receives_them(index_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Receiver.got = []
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        settings = HASHING.model_copy(update={"tracing": True})
        engine = Scripted(default="1874")
        try:
            async with open_runner(
                "naive_rag", model=engine, index=index_dir, settings=settings
            ) as runner:
                await runner.answer(ASKED)
        finally:
            spans.turn_off()
            server.shutdown()
            thread.join()
    resources = [r for request in Receiver.got for r in request.resource_spans]
    names = {s.name for r in resources for scope in r.scope_spans for s in scope.spans}
    assert {"invoke_agent naive_rag", "chat script", "retrieval bm25"} <= names
    service = [a.value.string_value for r in resources for a in r.resource.attributes]
    assert "ragreason" in service
