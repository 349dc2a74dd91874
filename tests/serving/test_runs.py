"""Runs event by event: followed, picked up again, paused, cancelled, and kept over a restart."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ragreason.errors import ConfigError
from ragreason.generation.scripted import Scripted
from tests.serving.conftest import Served, Serving
from tests.serving.held import Held

ASKED = "When was the designer of the Sallow Bridge born?"


async def begun(served: Served, **fields: Any) -> dict[str, Any]:
    reply = await served.client.post(
        "/v1/runs", json={"graph": "naive_rag", "question": ASKED, **fields}
    )
    assert reply.status_code == 201, reply.text
    return dict(reply.json())


@asynccontextmanager
async def following(
    served: Served, run: str, **headers: str
) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """The events of a run, each with `id`, `event`, `data`."""
    async with served.client.stream("GET", f"/v1/runs/{run}/events", headers=headers) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        yield events_in(reply.aiter_lines())


async def events_in(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if name in {"id", "event"}:
            event[name] = value
        elif name == "data":
            event["data"] = json.loads(value)
        elif not line and event:
            yield event
            event = {}


async def all_events(served: Served, run: str, **headers: str) -> list[dict[str, Any]]:
    async with following(served, run, **headers) as events:
        return [event async for event in events]


async def test_every_step_is_told_in_order_and_the_end_says_how_it_stands(
    serving: Serving,
) -> None:
    async with serving() as served:
        run = (await begun(served))["id"]
        events = await all_events(served, run)
        kinds = [event["event"] for event in events]
        assert kinds.index("search") < kinds.index("answer")
        assert kinds[-1] == "end"
        ids = [int(event["id"]) for event in events[:-1]]
        assert ids == sorted(set(ids))
        search = next(e["data"] for e in events if e["event"] == "search")
        assert search["query"] == ASKED
        assert search["hits"][0]["passage"]["title"]
        assert search["hits"][0]["score"] > 0
        end = events[-1]["data"]
        assert (end["status"], end["answer"]["text"]) == ("finished", "1874")
        assert (await served.client.get(f"/v1/runs/{run}")).json() == end
        listed = (await served.client.get("/v1/runs")).json()["runs"]
        assert [r["id"] for r in listed] == [run]


async def test_a_follower_that_lost_its_connection_gets_the_rest(serving: Serving) -> None:
    engine = Held()
    async with serving(engine) as served:
        run = (await begun(served))["id"]
        before: list[dict[str, Any]] = []
        async with following(served, run) as events:
            async for event in events:
                before.append(event)
                if event["event"] == "search":
                    break
        engine.go.set()
        rest = await all_events(served, run, **{"Last-Event-ID": before[-1]["id"]})
        told = [e["id"] for e in [*before, *rest] if "id" in e]
        assert told == [str(n) for n in range(len(told))], "each once, in order"
        assert rest[-1]["data"]["status"] == "finished"
        later = await all_events(served, run, **{"Last-Event-ID": before[-1]["id"]})
        kept = [e for e in rest if e["event"] != "token"]
        assert later == kept, "from the disk as from memory, but for the answer as it grew"


async def test_a_cancelled_run_frees_its_engine(serving: Serving) -> None:
    engine = Held()
    async with serving(engine, most_runs=1) as served:
        run = (await begun(served))["id"]
        await engine.begun.wait()
        refused = await served.client.post(
            "/v1/runs", json={"graph": "naive_rag", "question": ASKED}
        )
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        assert (await served.client.delete(f"/v1/runs/{run}")).json()["status"] == "cancelled"
        assert engine.left.is_set()
        assert (await all_events(served, run))[-1]["data"]["status"] == "cancelled"
        engine.go.set()
        assert (await begun(served))["status"] == "running"


def rewriting() -> Scripted:
    replies: Iterator[str] = iter(["Sallow Bridge designer", "1874"])
    return Scripted(default=lambda _: next(replies))


async def test_a_query_is_shown_edited_and_then_searched_for(serving: Serving) -> None:
    async with serving(rewriting()) as served:
        run = (await begun(served, graph="rewrite", pause_before=["retrieve"]))["id"]
        waits = (await all_events(served, run))[-1]["data"]
        assert waits["status"] == "paused"
        assert waits["waits"] == {
            "nodes": ["retrieve"],
            "values": {"query": "Sallow Bridge designer", "queries": None},
        }
        wrong: list[dict[str, Any]] = [{"query": ""}, {"seed": 1}, {"queries": []}]
        for body in wrong:
            reply = await served.client.post(f"/v1/runs/{run}/resume", json=body)
            assert reply.status_code in {400, 422}
        reply = await served.client.post(f"/v1/runs/{run}/resume", json={"query": "Edda Quill"})
        assert reply.json()["status"] == "running"
        events = await all_events(served, run)
        assert [e["data"]["query"] for e in events if e["event"] == "search"] == ["Edda Quill"]
        ids = [int(e["id"]) for e in events if "id" in e]
        assert ids == sorted(set(ids)), "numbers go on over the pause"
        assert events[-1]["data"]["status"] == "finished"
        again = await served.client.post(f"/v1/runs/{run}/resume")
        assert again.status_code == 400


async def test_a_paused_run_waits_over_a_restart(serving: Serving) -> None:
    engine = rewriting()
    async with serving(engine) as served:
        run = (await begun(served, graph="rewrite", pause_before=["retrieve"]))["id"]
        await all_events(served, run)
    async with serving(engine) as served:
        assert (await served.client.get(f"/v1/runs/{run}")).json()["status"] == "paused"
        await served.client.post(f"/v1/runs/{run}/resume")
        assert (await all_events(served, run))[-1]["data"]["answer"]["text"] == "1874"


async def test_a_run_that_the_end_of_its_server_interrupted_goes_on(serving: Serving) -> None:
    engine = Held()
    async with serving(engine) as served:
        run = (await begun(served))["id"]
        await engine.begun.wait()
    assert engine.left.is_set()
    engine.go.set()
    async with serving(engine) as served:
        events = await all_events(served, run)
    assert events[-1]["data"]["status"] == "finished"
    searches = [e for e in events if e["event"] == "search"]
    assert len(searches) == 1, "what was finished before is not done again"


async def test_all_interrupted_runs_go_on_though_fewer_may_be_at_work_now(
    serving: Serving,
) -> None:
    engine = Held()
    async with serving(engine) as served:
        runs = [(await begun(served))["id"] for _ in range(3)]
        await engine.begun.wait()
    engine.go.set()
    async with serving(engine, most_runs=1) as served:
        ends = [(await all_events(served, run))[-1]["data"]["status"] for run in runs]
    assert ends == ["finished"] * 3


async def test_runs_at_work_may_finish_before_the_server_ends(serving: Serving) -> None:
    engine = Held()
    async with serving(engine, grace_s=60.0) as served:
        run = (await begun(served))["id"]
        await engine.begun.wait()
        asyncio.get_running_loop().call_soon(engine.go.set)
    async with serving(engine) as served:
        assert (await served.client.get(f"/v1/runs/{run}")).json()["status"] == "finished"


async def test_a_thread_keeps_what_was_said(serving: Serving) -> None:
    async with serving() as served:
        for _ in range(2):
            run = (await begun(served, thread="t1"))["id"]
            await all_events(served, run)
    async with serving() as served:
        run = (await begun(served, thread="t1"))["id"]
        end = (await all_events(served, run))[-1]["data"]
        assert end["question"]["history"] == [{"question": ASKED, "answer": "1874"}] * 2
        told = (await served.client.get("/v1/threads/t1")).json()
        assert len(told["runs"]) == 3
        assert (await served.client.get("/v1/threads/t2")).status_code == 404


async def test_a_run_that_takes_too_long_is_ended(serving: Serving) -> None:
    async with serving(Held(), most_seconds=0.05) as served:
        run = (await begun(served))["id"]
        end = (await all_events(served, run))[-1]["data"]
    assert end["status"] == "failed"
    assert "longer than 0.05 s" in end["error"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/runs/none"),
        ("GET", "/v1/runs/none/events"),
        ("DELETE", "/v1/runs/none"),
        ("POST", "/v1/runs/none/resume"),
        ("GET", "/v1/runs/none/passages/p"),
        ("GET", "/nothing"),
    ],
)
async def test_what_is_not_there_is_not_found(serving: Serving, method: str, path: str) -> None:
    async with serving() as served:
        reply = await served.client.request(method, path)
    assert reply.status_code == 404
    assert reply.json()["error"]["message"]


async def test_counters_tell_what_was_done(serving: Serving) -> None:
    async with serving() as served:
        run = (await begun(served))["id"]
        await all_events(served, run)
        text = (await served.client.get("/metrics")).text
    assert 'ragreason_runs_total{graph="naive_rag",status="finished"} 1.0' in text
    assert "ragreason_runs_at_work 0.0" in text
    assert 'ragreason_tokens_total{graph="naive_rag",kind="prompt"}' in text


async def test_runs_and_checkpoints_are_kept_in_postgresql(serving: Serving, postgres: str) -> None:
    url, engine = postgres.replace("postgresql:", "postgresql+psycopg:"), rewriting()
    async with serving(engine, database=url) as served:
        run = (await begun(served, graph="rewrite", pause_before=["retrieve"]))["id"]
        assert (await all_events(served, run))[-1]["data"]["status"] == "paused"
    async with serving(engine, database=url) as served:
        await served.client.post(f"/v1/runs/{run}/resume", json={"query": "Edda Quill"})
        events = await all_events(served, run)
    assert [e["data"]["query"] for e in events if e["event"] == "search"] == ["Edda Quill"]
    assert events[-1]["data"]["answer"]["text"] == "1874"


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "nothing"])
async def test_another_database_is_refused(serving: Serving, url: str) -> None:
    with pytest.raises(ConfigError, match="expected sqlite:///FILE"):
        async with serving(database=url):
            pass
