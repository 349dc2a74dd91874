"""`/v1/runs`: a run event by event, paused, edited, gone on with, cancelled; and past runs."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sse_starlette.sse import EventSourceResponse

from ragreason.serving.desk import Desk, NoRun
from ragreason.serving.store import RunRecord
from ragreason.types import Passage

_EVENT_ID_MOST = 10**9


class RunRequest(BaseModel):
    """A question for a graph. In a `thread`, earlier runs are its history. The run pauses where a
    node of `pause_before` is next.
    """

    model_config = ConfigDict(extra="forbid")
    graph: str
    question: str
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    thread: Annotated[str, Field(max_length=128, pattern=r"^[\w.:-]*$")] = ""
    pause_before: Annotated[list[str], Field(max_length=32)] = []


class GoOn(BaseModel):
    """What to change before a paused run goes on: `query`, or `queries`."""

    model_config = ConfigDict(extra="forbid")
    query: str | None = None
    queries: list[str] | None = None


def routes(desk: Desk) -> APIRouter:
    """The interface over this desk."""
    router = APIRouter(prefix="/v1", tags=["runs"])

    @router.post("/runs", status_code=201)
    async def begin(body: RunRequest) -> dict[str, Any]:
        """Begin a run; follow it at `/v1/runs/ID/events`."""
        live = await desk.begin(
            body.graph,
            body.question,
            thread=body.thread,
            seed=body.seed,
            pause_before=body.pause_before,
        )
        return shown(live.record)

    @router.get("/runs")
    async def newest(
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        before: Annotated[float | None, Query(ge=0, le=1e12, allow_inf_nan=False)] = None,
    ) -> dict[str, Any]:
        """Past runs and those at work, newest first."""
        records = await desk.store.newest(limit, before)
        return {"runs": [shown(record) for record in records]}

    @router.get("/runs/{run}")
    async def one(run: str) -> dict[str, Any]:
        """How a run stands."""
        return shown(await desk.record(run))

    @router.get("/runs/{run}/events", response_model=None)
    async def events(
        run: str,
        last_event_id: Annotated[str | None, Header()] = None,
        after: Annotated[int, Query(ge=-1, le=_EVENT_ID_MOST)] = -1,
    ) -> Response:
        """Every event as a server-sent event, from the beginning or after an id, and then `end`
        with how the run stands. Pieces of the answer as it grows are told live only.
        """
        await desk.record(run)
        if last_event_id is not None and last_event_id.isdecimal():
            after = min(int(last_event_id), _EVENT_ID_MOST)
        return EventSourceResponse(_events(desk, run, after), ping=15)

    @router.post("/runs/{run}/resume")
    async def go_on(run: str, body: GoOn | None = None) -> dict[str, Any]:
        """Approve what a paused run is about to do, or change its query before."""
        edits = {} if body is None else body.model_dump(exclude_none=True)
        return shown((await desk.go_on(run, edits)).record)

    @router.delete("/runs/{run}")
    async def cancel(run: str) -> dict[str, Any]:
        """End a run and free its engine."""
        return shown(await desk.cancel(run))

    @router.get("/runs/{run}/passages/{passage}")
    async def passage(run: str, passage: str) -> dict[str, Any]:
        """A passage that the run found: what a citation opens."""
        record = await desk.record(run)
        found = await _passage(desk, record.id, passage)
        return found.model_dump(mode="json")

    @router.get("/threads/{thread}")
    async def thread(thread: str) -> dict[str, Any]:
        """The runs of a conversation, oldest first."""
        records = await desk.store.turns(thread)
        if not thread or not records:
            raise NoRun(f"no thread '{thread}'")
        return {"thread": thread, "runs": [shown(record) for record in records]}

    return router


def shown(record: RunRecord) -> dict[str, Any]:
    """A run as clients see it."""
    return record.model_dump(mode="json")


async def _events(desk: Desk, run: str, after: int) -> AsyncIterator[dict[str, str]]:
    async with aclosing(desk.follow(run, after)) as numbered:
        async for number, event in numbered:
            data = event.model_dump_json(exclude_defaults=True)
            yield {"id": str(number), "event": event.kind, "data": data}
    record = await desk.record(run)
    yield {"event": "end", "data": record.model_dump_json()}


async def _passage(desk: Desk, run: str, passage: str) -> Passage:
    async with aclosing(desk.follow(run)) as numbered:
        async for _, event in numbered:
            hits = (*event.hits, *(event.step.hits if event.step is not None else ()))
            for hit in hits:
                if hit.passage.id == passage:
                    return hit.passage
    raise NoRun(f"the run {run} found no passage '{passage}'")
