"""A run that is killed at random moments ends with the rows of one that was not."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SCRIPT = """
import asyncio, hashlib, sys
from pathlib import Path
from ragreason.datasets import load_dataset
from ragreason.evaluation.answered import Answered
from ragreason.evaluation.evaluate import evaluate
from ragreason.types import Answer

async def ask(question):
    digest = hashlib.sha256(question.id.encode()).digest()
    await asyncio.sleep(digest[0] / 2_000)
    return Answered(Answer(text="town" if digest[1] % 2 else "village"))

dataset = load_dataset(sys.argv[1])
print("ready", flush=True)
asyncio.run(evaluate(ask, dataset, Path(sys.argv[2]), concurrency=5))
"""
TIMING = ("latency_s", "first_token_s", "session", "session_s")


def start(data: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SCRIPT, str(data), str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def rows_of(out: Path) -> list[dict[str, Any]]:
    lines = (out / "results.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return sorted(
        ({k: v for k, v in row.items() if k not in TIMING} for row in rows), key=lambda r: r["id"]
    )


def test_killed_runs_end_with_the_same_rows(tmp_path: Path) -> None:
    records = [{"id": f"q{i}", "question": f"{i}?", "answer": "town"} for i in range(150)]
    data = tmp_path / "data.json"
    data.write_text(json.dumps(records), encoding="utf-8")
    with start(data, tmp_path / "whole") as whole:
        assert whole.wait(60) == 0
    moments = random.Random(5)
    kills = 0
    for _ in range(30):
        with start(data, tmp_path / "killed") as process:
            time.sleep(moments.uniform(0.0, 0.25))
            process.send_signal(signal.SIGKILL)
            kills += process.wait(60) == -signal.SIGKILL
        if (tmp_path / "killed/summary.json").is_file() or kills == 6:
            break
    assert kills >= 4
    partial = (tmp_path / "killed/results.jsonl").read_bytes().count(b"\n")
    assert 0 < partial < 150
    with start(data, tmp_path / "killed") as last:
        assert last.wait(60) == 0
    assert rows_of(tmp_path / "killed") == rows_of(tmp_path / "whole")
    summary = json.loads((tmp_path / "killed/summary.json").read_text(encoding="utf-8"))
    assert (summary["n"], summary["errors"]) == (150, 0)
