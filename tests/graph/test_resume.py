"""A run that was killed in the middle of a search goes on there, in another process."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = '''
import asyncio, os, sys
from pathlib import Path
from ragreason.embedding.hashing import HashingEmbedder
from ragreason.generation.scripted import Scripted
from ragreason.graph.bind import Parts
from ragreason.graph.checkpoint import open_checkpoints
from ragreason.graph.load import load_graph
from ragreason.graph.read import parse_graph

GRAPH = """
version: 1
name: killed
paradigm: synergized
budget: {tokens: 100000}
nodes:
  solve:
    use: reason
    policy: {use: react, temperature: 0.7}
    strategy: {use: best_of_n, n: 3, max_depth: 6}
    verifier: {use: groundedness}
    k: 2
  answer: {use: answer}
edges: [[START, solve], [solve, answer], [answer, END]]
"""


def reply(request):
    searches = request.prefill.count("Search:")
    if searches == 0:
        return [" a\\nSearch: Edda Quill", " d\\nSearch: cattle fair"]
    if searches == 1:
        return [" b\\nSearch: Harrowby", " c\\nSearch: Morn"]
    if mode == "killed":
        os.kill(os.getpid(), 9)
    return [" So.\\nAnswer: 1874", " So.\\nAnswer: Harrowby"]


async def main():
    engine = Scripted(rules=[(lambda _: True, reply)])
    given = None if mode == "resumed" else {"question": "When was the designer born?", "seed": 5}
    async with open_checkpoints(Path(folder) / f"{name}.sqlite") as saver:
        graph = load_graph(
            parse_graph(GRAPH),
            model=engine,
            index=index,
            retriever="bm25",
            parts=Parts(embedder=HashingEmbedder()),
            checkpointer=saver,
        )
        config = {"configurable": {"thread_id": "t"}}
        done = dict(await graph.ainvoke(given, config, durability="sync"))
        saved = dict((await graph.aget_state(config)).values)
    for key in ("question", "evidence", "trajectory", "answer", "usage", "steps", "forced"):
        assert repr(saved[key]) == repr(done[key]), key
        timeless = {} if key != "answer" else {"first_token_s": None}
        print(key, repr(done[key].model_copy(update=timeless) if timeless else done[key]))
    print(engine.calls, file=sys.stderr)


mode, index, folder = sys.argv[1:]
name = "whole" if mode == "whole" else "killed"
asyncio.run(main())
'''


@pytest.fixture
def play(tmp_path: Path, index_dir: Path) -> object:
    script = tmp_path / "play.py"
    script.write_text(SCRIPT, encoding="utf-8")

    def run(mode: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, script, mode, index_dir, tmp_path],
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def test_a_killed_search_ends_as_if_it_had_not_been_killed(play: object) -> None:
    assert callable(play)
    whole = play("whole")
    assert whole.returncode == 0, whole.stderr
    killed = play("killed")
    assert killed.returncode == -signal.SIGKILL
    resumed = play("resumed")
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout == whole.stdout, "answer, tree, evidence, usage and steps are the same"
    assert 0 < int(resumed.stderr) < int(whole.stderr), "steps that were done are not done again"
