"""What our orchestration costs: a graph file against the same graph by hand on bare LangGraph.

    python benchmarks/orchestration.py [--rounds 30] [--flat 10000] [--searches 6]

ReAct in a loop (six searches of three passages each, then the answer) as a graph file, its ledger,
events and checkpoints on and its budget set; and by hand (`by_hand.py`): the same nodes, policy,
prompts, scripted engine, retriever and SQLite checkpoints. Both answer the same question in turn,
in one process; a figure is processor time of all threads, and the ratio the median over rounds of
neighbours. `bodies` is what the nodes' own work costs without any graph, a part of both; the ratio
without it is that of orchestration alone.

Then `--flat` questions of one search run through the graph file, events heard and checkpoints kept,
and the memory of the process is read on the way: the slope is that of the line through the second
half, what Python holds (tracemalloc would cost a third of the speed) and all else together.
"""

import argparse
import asyncio
import gc
import json
import os
import platform
import statistics
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from time import process_time
from typing import Any

from by_hand import ByHand

from ragreason.corpus.passages import passage
from ragreason.events import TraceEvent
from ragreason.generation.scripted import Scripted
from ragreason.graph.bind import Parts
from ragreason.graph.checkpoint import open_checkpoints
from ragreason.graph.load import load_graph
from ragreason.graph.read import parse_graph
from ragreason.policies.react import ReAct
from ragreason.protocols import Where
from ragreason.state import initial
from ragreason.types import Hit, Question, Request

TARGET = 1.3
RESULT = Path(__file__).parent / "results" / "orchestration.json"
K, MOST = 3, 20
EVENTS = 8
"""Told in one question of one search: two nodes begin and end, two steps, one mark, one answer."""
GRAPH = f"""
version: 1
name: orchestration
paradigm: synergized
budget: {{tokens: 1000000, steps: 1000, seconds: 1000}}
nodes:
  solve: {{use: reason, policy: react, strategy: {{use: greedy, max_depth: {MOST}}}, k: {K}}}
  answer: {{use: answer, citations: false}}
edges: [[START, solve], [solve, answer], [answer, END]]
"""
WORDS = (
    "river stone garden window winter letter market bridge silver forest teacher engine island "
    "summer kitchen doctor paper music valley station morning castle father village mountain"
).split()
QUESTION = Question(id="q", text="Who built the silver bridge in the valley?")
Ask = Callable[[str], Awaitable[str]]
"""One run, given its checkpoints' thread; gives the answer."""


def script(searches: int) -> Scripted:
    """Thinks and searches; answers after so many searches, of which the first is the question's."""

    def say(request: Request) -> str:
        done = request.prefill.count("Passages:")
        if done >= searches:
            return " Now all of it is known.\nAnswer: the silver bridge"
        return f" Part {done} is missing.\nSearch: {WORDS[done]} {WORDS[done + 9]} {done}"

    return Scripted(default=say)


class Shelf:
    """Finds passages of 75 words, others for each query, at once."""

    name = "shelf"

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        """The same for the same query."""
        del where
        return [[_hit(query, rank) for rank in range(1, k + 1)] for query in queries]


def _hit(query: str, rank: int) -> Hit:
    text = " ".join(WORDS[(len(query) + i * rank) % len(WORDS)] for i in range(75))
    found = passage(f"{query} {rank}", text)
    return Hit(passage=found, score=1 / rank, rank=rank, source="shelf", query=query)


@dataclass
class Ours:
    """The graph file with its parts bound, run as a runner runs it: every event is heard."""

    graph: Any
    events: int = 0

    async def __call__(self, thread: str) -> str:
        """The answer."""
        config = {"configurable": {"thread_id": thread}}
        state: dict[str, Any] = {}
        stream = self.graph.astream(
            initial(QUESTION), config, stream_mode=["custom", "values"], subgraphs=True
        )
        async with aclosing(stream):
            async for namespace, mode, payload in stream:
                if mode == "custom" and isinstance(payload, TraceEvent):
                    self.events += 1
                elif mode == "values" and not namespace:
                    state = payload
        return str(state["answer"].text)


def ours(engine: Scripted, saver: Any) -> Ours:
    """The graph file over the script."""
    parts = Parts(engines={"main": engine}, retrievers={"main": Shelf()})
    return Ours(load_graph(parse_graph(GRAPH), parts=parts, checkpointer=saver))


def by_hand(engine: Scripted, saver: Any) -> Ask:
    """The same by hand."""
    graph = ByHand(engine, Shelf(), ReAct(), K, MOST).graph(saver)

    async def ask(thread: str) -> str:
        config = {"configurable": {"thread_id": thread}}
        return str((await graph.ainvoke({"question": QUESTION}, config))["answer"].text)

    return ask


@dataclass
class Costs:
    """Processor seconds a question, a round each."""

    ours: list[float] = field(default_factory=list)
    by_hand: list[float] = field(default_factory=list)
    bodies: list[float] = field(default_factory=list)

    def ratio(self) -> float:
        """Ours over by hand, the median of rounds."""
        return statistics.median(a / b for a, b in zip(self.ours, self.by_hand, strict=True))

    def without_bodies(self) -> float:
        """The same of what the nodes' own work leaves."""
        rounds = zip(self.ours, self.by_hand, self.bodies, strict=True)
        return statistics.median((a - c) / (b - c) for a, b, c in rounds)


async def compare(rounds: int, searches: int, folder: Path) -> dict[str, Any]:
    """Both graphs in turn; neither is always first. The first two rounds warm up."""
    engine = script(searches)
    own, hand = folder / "ours.sqlite", folder / "by_hand.sqlite"
    async with open_checkpoints(own) as saver, open_checkpoints(hand) as other:
        asks: dict[str, Ask] = {"ours": ours(engine, saver), "by_hand": by_hand(engine, other)}
        bare = ByHand(engine, Shelf(), ReAct(), K, MOST)
        costs = Costs()
        for number in range(-2, rounds):
            found = {"bodies": await timed(lambda _: bare.bodies(QUESTION), number)}
            for name in sorted(asks, reverse=bool(number % 2)):
                found[name] = await timed(asks[name], number)
            for name, cost in found.items():
                getattr(costs, name).extend([cost] * (number >= 0))
        steps = await supersteps(saver), await supersteps(other)
    if steps[0] != steps[1]:
        raise SystemExit(f"not the same graph: {steps[0]} and {steps[1]} node steps a question")
    return {
        "ratio": costs.ratio(),
        "ratio_without_bodies": costs.without_bodies(),
        "node_steps": steps[0],
        **{
            f"{name}_ms_a_node_step": statistics.median(values) / steps[0] * 1000
            for name, values in vars(costs).items()
        },
        "rounds": rounds,
        "searches": searches,
    }


async def timed(ask: Callable[[str], Awaitable[Any]], number: int, times: int = 4) -> float:
    """Processor seconds of one of `times` runs."""
    gc.collect()
    started_s = process_time()
    for i in range(times):
        await ask(f"{number}-{i}")
    return (process_time() - started_s) / times


async def supersteps(saver: Any) -> int:
    """Node steps of one run, by its checkpoints: one before the first in each graph is left out."""
    rows = "SELECT COUNT(*) - 2 * COUNT(DISTINCT checkpoint_ns) FROM checkpoints"
    async with saver.conn.execute(f"{rows} WHERE thread_id = '0-0'") as found:
        [[count]] = await found.fetchall()
    return int(count)


async def flatness(questions: int, folder: Path) -> dict[str, Any]:
    """Memory over many short questions."""
    read = max(1, questions // 50)
    seen: list[tuple[int, float]] = []
    async with open_checkpoints(folder / "flat.sqlite") as saver:
        engine = script(1)
        ask = ours(engine, saver)
        for number in range(questions):
            await ask(str(number))
            engine.requests.clear()  # a script remembers what it was asked
            if (number + 1) % read == 0:
                gc.collect()
                seen.append((number + 1, resident_mib()))
    later = seen[len(seen) // 2 :]
    slope, _ = statistics.linear_regression(*zip(*later, strict=True))
    return {
        "questions": questions,
        "events": ask.events,
        "mib_at": {str(number): round(mib, 1) for number, mib in seen[:: max(1, len(seen) // 10)]},
        "mib_last": round(seen[-1][1], 1),
        "kib_a_question": slope * 1024,
    }


def resident_mib() -> float:
    """Memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def measure(rounds: int, searches: int, flat: int) -> dict[str, Any]:
    """Both parts."""
    with tempfile.TemporaryDirectory() as folder:
        result = {"cost": await compare(rounds, searches, Path(folder))}
        if flat:
            result["memory"] = await flatness(flat, Path(folder))
    return result


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--flat", type=int, default=10_000, help="questions; 0 leaves it out")
    parser.add_argument("--searches", type=int, default=6)
    options = parser.parse_args()
    result = asyncio.run(measure(options.rounds, options.searches, options.flat))
    cost = result["cost"]
    print(
        f"{cost['node_steps']} node steps a question: ours {cost['ours_ms_a_node_step']:.2f}, by "
        f"hand {cost['by_hand_ms_a_node_step']:.2f} ms of processor time a step; ratio "
        f"{cost['ratio']:.2f} (target at most {TARGET}), "
        f"{cost['ratio_without_bodies']:.2f} without what the nodes do"
    )
    if options.flat:
        memory = result["memory"]
        print(
            f"{memory['questions']} questions, {memory['events']} events: "
            f"{memory['mib_last']:.0f} MiB at the end, {memory['kib_a_question']:+.2f} KiB a "
            "question over the second half"
        )
    machine = {"system": platform.platform(), "cores": os.cpu_count()}
    packages = ("langgraph", "langgraph-checkpoint-sqlite", "pydantic")
    about = {"versions": {name: version(name) for name in packages}, "machine": machine}
    RESULT.write_text(json.dumps(result | about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
