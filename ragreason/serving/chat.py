"""`/v1/chat/completions` and `/v1/models`: each graph is a model."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from ragreason.errors import UnknownNameError
from ragreason.serving.chat_shapes import (
    ChatRequest,
    annotations_of,
    asked,
    content_of,
    error_of,
    usage_of,
)
from ragreason.serving.desk import Desk
from ragreason.serving.live import Live
from ragreason.serving.reasoning import line_of
from ragreason.serving.store import RunRecord


def routes(desk: Desk) -> APIRouter:
    """The interface over this desk."""
    router = APIRouter(tags=["chat"])

    @router.get("/v1/models")
    async def models() -> dict[str, Any]:
        """The graphs that are served."""
        return {"object": "list", "data": [_model(name) for name in desk.runners]}

    @router.get("/v1/models/{name}")
    async def model(name: str) -> dict[str, Any]:
        """One of them."""
        if name not in desk.runners:
            raise UnknownNameError("graph", name, desk.runners)
        return _model(name)

    @router.post("/v1/chat/completions", response_model=None)
    async def completions(body: ChatRequest, request: Request) -> Response:
        """Answer the last message, with what was said before as its history."""
        if (body.n or 1) != 1:
            told = f"n is {body.n}; a graph gives one answer. To vote, serve a graph that does."
            return JSONResponse(error_of(told), 400)
        question, history = asked(body.messages)
        live = await desk.begin(body.model, question, history=history, seed=body.seed or 0)
        passages = f"{str(request.base_url).rstrip('/')}/v1/runs/{live.record.id}/passages/"
        if body.stream:
            usage = body.stream_options is not None and body.stream_options.include_usage
            return StreamingResponse(
                _streamed(desk, live, passages, usage=usage),
                media_type="text/event-stream",
                headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
            )
        return await _whole(desk, live, passages, request)

    return router


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "ragreason"}


async def _whole(desk: Desk, live: Live, passages: str, request: Request) -> Response:
    run = live.record.id
    lines = []
    try:
        async with aclosing(live.follow()) as events:
            async for _, event in events:
                lines.append(line_of(event))
                if await request.is_disconnected():
                    break
        await live.ended.wait() if not await request.is_disconnected() else None
    finally:
        if not live.ended.is_set():
            await desk.cancel(run)
    record = live.record
    if record.answer is None:
        status, body = _failure(record)
        return JSONResponse(body, status)
    content = content_of(record.answer)
    message = {
        "role": "assistant",
        "content": content,
        "refusal": None,
        "annotations": annotations_of(record.answer, content, passages),
        "reasoning_content": "".join(lines),
    }
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return JSONResponse(
        {
            **_head(record, "chat.completion"),
            "choices": [choice],
            "usage": usage_of(record.answer.usage),
        }
    )


async def _streamed(desk: Desk, live: Live, passages: str, *, usage: bool) -> AsyncIterator[str]:
    """Server-sent events. Leaving early ends the run."""
    try:
        async with aclosing(_chunks(live, passages, usage=usage)) as chunks:
            async for chunk in chunks:
                yield f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
        yield "data: [DONE]\n\n"
    finally:
        if not live.ended.is_set():
            await desk.cancel(live.record.id)


async def _chunks(
    live: Live, passages: str, *, usage: bool
) -> AsyncGenerator[dict[str, Any], None]:
    head = _head(live.record, "chat.completion.chunk")

    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return {**head, "choices": [choice]}

    yield chunk({"role": "assistant", "content": ""})
    said = ""
    async with aclosing(live.follow()) as events:
        async for _, event in events:
            if event.kind == "token":
                said += event.text
                yield chunk({"content": event.text})
            elif line := line_of(event):
                yield chunk({"reasoning_content": line})
    record = live.record
    if record.answer is None:
        yield _failure(record)[1]
        return
    content = content_of(record.answer)
    rest = content[len(said) :] if content.startswith(said) else f"\n\n{content}"
    shown = said + rest
    found = annotations_of(record.answer, shown, passages)
    yield chunk({"content": rest, "annotations": found})
    yield chunk({}, "stop")
    if usage:
        yield {**head, "choices": [], "usage": usage_of(record.answer.usage)}


def _head(record: RunRecord, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{record.id}",
        "object": kind,
        "created": int(record.created_s),
        "model": record.graph,
    }


def _failure(record: RunRecord) -> tuple[int, dict[str, Any]]:
    """A failed run's status and body: the engine's fault, not the request's."""
    told = record.error or f"the run was {record.status}"
    return 502, error_of(told, "server_error", record.status)
