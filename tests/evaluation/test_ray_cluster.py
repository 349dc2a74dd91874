"""A run on a local Ray of two workers, one of which is killed in the middle."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
import asyncio, os, signal, sys
from functools import partial
from pathlib import Path
from ragreason.datasets import load_dataset
from ragreason.errors import EngineError
from ragreason.evaluation.answered import from_runner
from ragreason.evaluation.graphs import Listener, Plan, evaluate_graphs
from ragreason.settings import load_settings

folder, vessmark = map(Path, sys.argv[1:])

def noting(folder, runner, seed):
    ask = from_runner(runner, seed)

    async def answer(question):
        (folder / "pids" / str(os.getpid())).touch()
        if question.id.endswith("7"):
            raise EngineError("the engine lost it")
        await asyncio.sleep(0.05)
        return await ask(question)

    return answer

class Killer(Listener):
    killed = False

    def on_row(self, graph, row):
        victims = [int(found.name) for found in (folder / "pids").iterdir()]
        if len(victims) == 2 and not self.killed:  # one may be up long before the other
            self.killed = True
            assert os.getpid() not in victims
            os.kill(victims[0], signal.SIGKILL)

dataset = load_dataset(f"world:{vessmark}")
settings = load_settings(embedder="hashing", home=folder / "home", concurrency=4)
parts = {"model": "scripted:s.yaml", "cache": False}
alone = Plan(dataset, folder / "alone", parts=parts, settings=settings, seeds=(0, 1),
             answering=partial(noting, folder))
spread = Plan(dataset, folder / "spread", parts=parts, settings=settings, seeds=(0, 1),
              answering=partial(noting, folder), ray=True, ray_workers=2)
(folder / "pids").mkdir()
asyncio.run(evaluate_graphs(["naive_rag"], spread, Killer()))
workers = len(list((folder / "pids").iterdir()))
asyncio.run(evaluate_graphs(["naive_rag"], alone))
print(workers)
"""
REPLIES = """
rules:
  - {when: "engineer born who designed the Castellow Bridge", reply: "1864"}
default: "Tessing"
"""
TIMING = ("latency_s", "first_token_s", "session", "session_s")


def rows_of(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "results.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [{k: v for k, v in json.loads(line).items() if k not in TIMING} for line in lines]
    return sorted(rows, key=lambda row: (row["id"], row["seed"]))


def test_the_rows_are_those_of_one_process_though_a_worker_is_killed(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed; pip install 'ragreason[ray]'")
    (tmp_path / "s.yaml").write_text(REPLIES, encoding="utf-8")
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(ROOT / "corpora/vessmark")]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.splitlines()[-1]) == 3, "two workers, and one in place of the killed"
    spread = rows_of(tmp_path / "spread")
    assert spread == rows_of(tmp_path / "alone")
    assert len(spread) == 80
    failed = [row for row in spread if row["status"] == "error"]
    assert {row["error"] for row in failed} == {"EngineError: the engine lost it"}
    summary = json.loads((tmp_path / "spread/summary.json").read_text(encoding="utf-8"))
    assert (summary["n"], summary["errors"]) == (40, len(failed))
