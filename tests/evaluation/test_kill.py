"""A run that is killed at ten random moments ends with the rows of one that was not."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCRIPT = """
import asyncio, hashlib, os, sys
from pathlib import Path
from ragreason.datasets import load_dataset
from ragreason.evaluation.graphs import Plan, evaluate_graphs
from ragreason.generation.scripted import Scripted
from ragreason.runner import open_runner

def reply(request):
    digest = hashlib.sha256(str(request.messages).encode()).digest()
    return "town" if digest[0] % 2 else "village"

dataset = load_dataset(sys.argv[1])
open_runner("direct", model=Scripted(default="x"))  # what is imported now need not be again
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        engine = Scripted(rules=[(lambda request: True, reply)], latency_s=0.002)
        plan = Plan(dataset, Path(line.strip()), parts={"model": engine}, seeds=(0, 1))
        asyncio.run(evaluate_graphs(["direct"], plan))
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""
QUESTIONS, KILLS = 100, 10
TIMING = ("latency_s", "first_token_s", "session", "session_s", "concurrency")


class Runs:
    """Starts runs in processes of their own, forked from one that has imported everything."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.told, self.said = process.stdin, process.stdout

    def start(self, out: Path) -> int:
        """The process's id."""
        self.told.write(f"{out}\n")
        self.told.flush()
        return int(self.said.readline())

    def end(self) -> int:
        """What `waitpid` says of it."""
        return int(self.said.readline())


@contextmanager
def runs(data: Path) -> Iterator[Runs]:
    command = [sys.executable, "-c", SCRIPT, str(data)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Runs(process)


def lines_in(out: Path) -> int:
    results = out / "results.jsonl"
    return results.read_bytes().count(b"\n") if results.is_file() else 0


def rows_of(out: Path) -> list[dict[str, Any]]:
    lines = (out / "results.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [{k: v for k, v in json.loads(line).items() if k not in TIMING} for line in lines]
    return sorted(rows, key=lambda row: (row["id"], row["seed"]))


def test_a_run_killed_at_ten_random_moments_ends_with_the_same_rows(tmp_path: Path) -> None:
    records = [{"id": f"q{i}", "question": f"{i}?", "answer": "town"} for i in range(QUESTIONS)]
    data, killed = tmp_path / "data.json", tmp_path / "killed"
    data.write_text(json.dumps(records), encoding="utf-8")
    chosen = random.Random(5)
    with runs(data) as started:
        for _ in range(KILLS):
            moment = lines_in(killed) + chosen.randrange(15)
            process = started.start(killed)
            while lines_in(killed) < moment:
                time.sleep(0.0005)
            time.sleep(chosen.uniform(0, 0.004))
            os.kill(process, signal.SIGKILL)
            assert started.end() == signal.SIGKILL
            assert not (killed / "summary.json").exists()
        assert 0 < lines_in(killed) < 2 * QUESTIONS
        started.start(killed)
        assert started.end() == 0
        started.start(tmp_path / "whole")
        assert started.end() == 0
    assert rows_of(killed) == rows_of(tmp_path / "whole")
    assert len(rows_of(killed)) == 2 * QUESTIONS
    summary = json.loads((killed / "summary.json").read_text(encoding="utf-8"))
    assert (summary["n"], summary["errors"]) == (QUESTIONS, 0)
    assert 0 < summary["metrics"]["em"]["value"] < 1
