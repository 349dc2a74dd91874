"""A server that is killed: what was finished is still there, and what was not goes on."""

from pathlib import Path
from typing import Any

import httpx

from tests.serving.process import served, write_script

ASKED = "When was the designer of the Sallow Bridge born?"


def begun(url: str, **fields: Any) -> dict[str, Any]:
    body = {"graph": "naive_rag", "question": ASKED, **fields}
    return dict(httpx.post(f"{url}/v1/runs", json=body).raise_for_status().json())


def followed(url: str, run: str, until: str) -> list[str]:
    """Kinds of events up to one of this kind."""
    kinds: list[str] = []
    with httpx.stream("GET", f"{url}/v1/runs/{run}/events", timeout=60) as reply:
        for line in reply.iter_lines():
            if line.startswith("event: "):
                kinds.append(line.removeprefix("event: "))
                if kinds[-1] == until:
                    return kinds
    return kinds


def test_killed_and_restarted(index_dir: Path, tmp_path: Path) -> None:
    with served(index_dir, tmp_path, write_script(tmp_path)) as (process, url):
        finished = begun(url, thread="talk")["id"]
        followed(url, finished, "end")
        process.kill()
    with served(index_dir, tmp_path, write_script(tmp_path, latency_s=600)) as (process, url):
        waiting = begun(url, graph="rewrite", pause_before=["rewrite"])["id"]
        followed(url, waiting, "end")
        interrupted = begun(url, thread="talk")["id"]
        followed(url, interrupted, "search")
        process.kill()
    with served(index_dir, tmp_path, write_script(tmp_path)) as (_, url):
        assert followed(url, interrupted, "end").count("answer") == 1
        get = httpx.get
        runs = [get(f"{url}/v1/runs/{run}").json() for run in (finished, interrupted, waiting)]
        assert [run["status"] for run in runs] == ["finished", "finished", "paused"]
        assert [run["answer"]["text"] for run in runs[:2]] == ["1874", "1874"]
        assert len(runs[1]["question"]["history"]) == 1
        thread = get(f"{url}/v1/threads/talk").json()
        assert [run["id"] for run in thread["runs"]] == [finished, interrupted]
