"""What serving costs: many clients that stream at once, and what HTTP adds to a graph's own time.

    python benchmarks/serving.py [--clients 200] [--rounds 5]

The graph `naive_rag` on the scripted engine, which answers word by word as fast as it is read, over
the sample corpus; server and clients are two processes on this machine. `--clients` stream
at once, `--rounds` times: every stream must end with its answer, events in order; the server's
memory is looked at after each round. `ratio` is the time of as many questions over HTTP by that of
the same questions asked of the runner directly, in one process. In the end clients leave in the
middle, and the server is asked until their places are free again.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx

from ragreason.cli.demo import corpus_folder
from ragreason.generation.scripted import Scripted
from ragreason.retrieval.build import build_index
from ragreason.runner import open_runner
from ragreason.settings import Settings

RESULT = Path(__file__).parent / "results" / "serving.json"
LIBRARIES = ("fastapi", "uvicorn", "langgraph", "httpx")
WORDS = "The composer of the opera was born in Lower Quarrin as far as it is known"
SETTINGS = Settings(embedder="hashing", retriever="bm25")
LATENCY_S = 0.05


def question(number: int) -> str:
    """Each client's own."""
    return f"Where was the composer number {number} of the opera The Glass Ferry born?"


def engine(words: str = WORDS, latency_s: float = LATENCY_S) -> Scripted:
    """Answers every question alike, after a little while."""
    return Scripted(default=words, latency_s=latency_s)


async def child(index: Path, database: Path) -> None:
    """The server's process: says its port, then serves until its input ends."""
    from ragreason.serving.open import open_desk, serve
    from ragreason.serving.options import Options

    options = Options(port=0, most_runs=1000, grace_s=0.0)
    opened = open_desk(
        ["naive_rag"],
        options,
        SETTINGS,
        model=engine(),
        index=index,
        database=f"sqlite:///{database}",
    )
    async with opened as (desk, metrics):
        await serve(desk, options, metrics, lambda port: print(port, flush=True))


def resident_mib(process: int) -> float:
    """Memory of a process, in MiB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise ValueError("no VmRSS line")


async def stream(client: httpx.AsyncClient, number: int) -> dict[str, Any]:
    """One client's stream: whether it came whole and in order, and its times."""
    started_s, first_s, text, finished = perf_counter(), None, "", False
    body = {
        "model": "naive_rag",
        "stream": True,
        "messages": [{"role": "user", "content": question(number)}],
    }
    async with client.stream("POST", "/v1/chat/completions", json=body) as reply:
        reply.raise_for_status()
        async for line in reply.aiter_lines():
            if not line.startswith("data: ") or line == "data: [DONE]":
                continue
            (choice,) = json.loads(line[6:])["choices"]
            piece = choice["delta"].get("content") or ""
            if piece and first_s is None:
                first_s = perf_counter() - started_s
            text += piece
            finished = choice["finish_reason"] == "stop"
    whole = finished and text.startswith(WORDS)
    return {"whole": whole, "first_s": first_s, "seconds": perf_counter() - started_s}


async def over_http(url: str, clients: int) -> tuple[float, list[dict[str, Any]]]:
    """Seconds of all clients together, and each one's."""
    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=limits) as client:
        started_s = perf_counter()
        found = await asyncio.gather(*(stream(client, n) for n in range(clients)))
    return perf_counter() - started_s, found


async def directly(index: Path, clients: int, rounds: int) -> float:
    """Seconds of the same questions asked of a runner, median of the rounds."""
    async with open_runner("naive_rag", model=engine(), index=index, settings=SETTINGS) as runner:
        times = []
        for _ in range(rounds):
            started_s = perf_counter()
            await asyncio.gather(*(runner.answer(question(n)) for n in range(clients)))
            times.append(perf_counter() - started_s)
    return statistics.median(times)


async def freed(url: str, clients: int) -> float:
    """Seconds from when clients leave in the middle of their streams to when no run is at work."""
    async with httpx.AsyncClient(base_url=url, timeout=120) as watch:
        leaving = httpx.AsyncClient(base_url=url, timeout=120)
        tasks = [asyncio.create_task(stream(leaving, number)) for number in range(clients)]
        while await at_work(watch) < clients:  # noqa: ASYNC110 - another process has the event
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        left_s = perf_counter()
        await leaving.aclose()
        while await at_work(watch):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        return perf_counter() - left_s


async def at_work(client: httpx.AsyncClient) -> int:
    """Runs at work, by the server's own counter."""
    text = (await client.get("/metrics")).text
    lines = [x for x in text.splitlines() if x.startswith("ragreason_runs_at_work ")]
    return round(float(lines[0].split()[1]))


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The whole result."""
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        await build_index([corpus_folder() / "documents"], index, SETTINGS)
        direct_s = await directly(index, options.clients, options.rounds)
        command = [sys.executable, __file__, "--child", str(index), f"{folder}/serving.sqlite"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
        try:
            assert server.stdout is not None
            url = f"http://127.0.0.1:{int(await asyncio.to_thread(server.stdout.readline))}"
            rounds, memory = [], []
            for _ in range(options.rounds):
                rounds.append(await over_http(url, options.clients))
                memory.append(round(resident_mib(server.pid), 1))
            freed_s = await freed(url, min(20, options.clients))
        finally:
            server.terminate()
            server.wait()
    streams = [one for _, found in rounds for one in found]
    http_s = statistics.median(seconds for seconds, _ in rounds)
    return {
        "clients": options.clients,
        "rounds": options.rounds,
        "streams": len(streams),
        "whole": sum(one["whole"] for one in streams),
        "direct_s": round(direct_s, 3),
        "http_s": round(http_s, 3),
        "ratio": round(http_s / direct_s, 3),
        "added_ms_a_question": round(1000 * (http_s - direct_s) / options.clients, 2),
        "memory_mib": memory,
        "freed_s": round(freed_s, 3),
        "machine": {"cpu": platform.machine(), "cores": os.cpu_count()},
        "versions": {"python": platform.python_version()} | {n: version(n) for n in LIBRARIES},
    }


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        asyncio.run(child(*map(Path, options.child)))
        return
    found = asyncio.run(measure(options))
    print(
        f"{found['clients']} streaming clients, {found['rounds']} times: {found['whole']} of "
        f"{found['streams']} whole and in order; {found['http_s']} s over HTTP, "
        f"{found['direct_s']} s directly: {found['ratio']} times, "
        f"{found['added_ms_a_question']} ms a question; memory {found['memory_mib']} MiB; "
        f"places of clients that left were free after {found['freed_s']} s (target 1)"
    )
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
