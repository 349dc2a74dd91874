"""Questions a second on a simulated GPU server: each question by itself, in rounds, one at a time.

    python benchmarks/throughput.py [--questions 200] [--alone 6] [--seed S]

200 questions of 1 to 8 steps go through the shipped graph `react`, the runner and the `openai`
engine over loopback HTTP to a server of its own process that takes the time of a GPU with
continuous batching and a prefix cache (`simulated_server`: prefill 20,000 tokens/s, a step 12 + 0.1
x batch ms, at most 64 sequences). A reply has uniform 20 to 60 plus log-normal(4, 0.7) tokens, a
search takes 50 ms and adds 200 to 700 tokens. Nothing is sped up: all seconds are real ones.

Beside it: the same in rounds, where all questions search together once the last of them has its
reply; one at a time, on the first `--alone` questions, scaled to all by what the model of the
server takes for these and for all; and the optimum, which the same model gives without any
orchestration, for the same prompts and replies, first in, first out. The server tells the tokens
that it has read and written: they must be the model's.
"""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from benchmarks.simulated_server.places import QUESTION, Places, courses
from benchmarks.simulated_server.schedule import Course, in_rounds, one_by_one, together
from ragreason.generation.openai import OpenAIEngine
from ragreason.protocols import Where
from ragreason.runner import Runner, open_runner
from ragreason.settings import Settings
from ragreason.types import Hit, Question

RETRIEVAL_S = 0.05
TARGETS = {"over_rounds": 1.35, "over_one_at_a_time": 15.0, "optimum_over_ours": 0.95}
KV_TOKENS = 2_000_000
"""What the server's memory holds: it never runs full."""
RESULT = Path(__file__).parent / "results" / "throughput.json"
OVERRIDES = (
    "budget.tokens=1000000",
    "solve.k=1",
    "solve.strategy.max_depth=16",
    "solve.policy.max_tokens=1024",
    "answer.citations=false",  # citing is the embedder's work, which no server does here
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--alone", type=int, default=6, help="questions asked one at a time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only-ours", action="store_true", help="for a profile; keeps nothing")
    given = parser.parse_args()
    places = Places.drawn(given.questions, given.seed)
    asked = asyncio.run(courses(places))
    ours = asyncio.run(measured(places, range(given.questions)))
    optimum_s = together(asked, RETRIEVAL_S)
    print(f"ours {ours['seconds']:.1f} s, optimum {optimum_s:.1f} s", file=sys.stderr, flush=True)
    if given.only_ours:
        return
    rounds = asyncio.run(measured(places, range(given.questions), rounds=True))
    alone = asyncio.run(measured(places, range(min(given.alone, given.questions)), at_once=1))
    result = summary(given, asked, optimum_s, ours, rounds, alone)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    report(result)


async def measured(
    places: Places, numbers: Sequence[int], *, rounds: bool = False, at_once: int | None = None
) -> dict[str, Any]:
    """Seconds for these questions on a fresh server, with what they cost here and there."""
    async with simulated() as url:
        engine = await asyncio.to_thread(OpenAIEngine, "simulated", base_url=url)
        search = InRounds(places) if rounds else Slow(places)
        settings = Settings(model="openai:simulated", tokens_in_flight=KV_TOKENS)
        runner = open_runner(
            "react", model=engine, index=search, overrides=OVERRIDES, settings=settings
        )
        turns = asyncio.Semaphore(at_once or len(numbers))
        await answered(runner, places, -1)  # imports and connections are no matter of throughput
        before, search.active = await asyncio.to_thread(told, url), len(numbers)
        cpu_s, started = time.process_time(), time.perf_counter()

        async def one(number: int) -> None:
            async with turns:
                await answered(runner, places, number)
            search.leave()

        async with asyncio.TaskGroup() as group:
            for number in numbers:
                group.create_task(one(number))
                await asyncio.sleep(0)  # so that the first has called before the last has begun
        seconds = time.perf_counter() - started
        cpu_s = time.process_time() - cpu_s
        after = await asyncio.to_thread(told, url)
        await runner.aclose()
        await engine.aclose()
    server = {name: value - before[name] for name, value in after.items()}
    return {"seconds": seconds, "cpu_s": cpu_s, "server": {**server, "late_s": after["late_s"]}}


async def answered(runner: Runner, places: Places, number: int) -> None:
    run = await runner.answer(Question(id=f"q{number}", text=QUESTION.format(number)))
    if run.answer.text != places.answer(number):
        raise RuntimeError(f"question {number}: '{run.answer.text}' for '{places.answer(number)}'")


class Slow:
    """Finds the one passage that a query asks for, after `RETRIEVAL_S`."""

    name = "places"

    def __init__(self, places: Places) -> None:
        self._places = places
        self.active = 1
        """Questions that are not answered yet."""

    async def retrieve(
        self,
        queries: Sequence[str],
        k: int,  # noqa: ARG002
        where: Where | None = None,  # noqa: ARG002
    ) -> list[list[Hit]]:
        await asyncio.sleep(RETRIEVAL_S)
        return [[self._places.found(query)] for query in queries]

    def leave(self) -> None:
        """A question is answered."""
        self.active -= 1


class InRounds(Slow):
    """The same once all questions that are not answered yet want to search."""

    def __init__(self, places: Places) -> None:
        super().__init__(places)
        self._waiting: list[asyncio.Future[None]] = []

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._go_on()
        await turn
        return await super().retrieve(queries, k, where)

    def leave(self) -> None:
        super().leave()
        self._go_on()

    def _go_on(self) -> None:
        if len(self._waiting) >= self.active:
            waiting, self._waiting = self._waiting, []
            for turn in waiting:
                turn.set_result(None)


@asynccontextmanager
async def simulated() -> AsyncIterator[str]:
    """The base URL of a fresh server in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.simulated_server"]
    server = await asyncio.create_subprocess_exec(
        *command, "--port", "0", "--until-input-ends",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        yield (await server.stdout.readline()).decode().strip()
    finally:
        server.stdin.close()
        await server.wait()


def told(url: str) -> dict[str, float]:
    """What the server has done so far."""
    with urlopen(f"{url}/stats") as response:
        return dict(json.load(response))


def check(asked: Sequence[Course], *measured: dict[str, Any]) -> None:
    """Raises RuntimeError where the server has not read and written what the model has."""
    expected = {
        "prompt tokens": sum(len(call.prompt) for course in asked for call in course),
        "reply tokens": sum(len(call.reply) for course in asked for call in course),
    }
    for server in (one["server"] for one in measured):
        found = {
            "prompt tokens": server["prefilled"] + server["cached"],
            "reply tokens": server["generated"],
        }
        if found != expected:
            raise RuntimeError(f"the server has seen {found}, the model {expected}")


def summary(
    given: argparse.Namespace,
    asked: Sequence[Course],
    optimum_s: float,
    ours: dict[str, Any],
    rounds: dict[str, Any],
    alone: dict[str, Any],
) -> dict[str, Any]:
    few = asked[: given.alone]
    check(asked, ours, rounds)
    check(few, alone)
    alone_model_s = one_by_one(asked, RETRIEVAL_S)
    alone_s = alone["seconds"] * alone_model_s / one_by_one(few, RETRIEVAL_S)
    ratios = {
        "over_rounds": rounds["seconds"] / ours["seconds"],
        "over_one_at_a_time": alone_s / ours["seconds"],
        "optimum_over_ours": optimum_s / ours["seconds"],
    }
    return {
        "questions": len(asked),
        "calls": sum(map(len, asked)),
        "reply_tokens": sum(len(call.reply) for course in asked for call in course),
        "prompt_tokens": sum(len(call.prompt) for course in asked for call in course),
        "ratios": ratios,
        "targets": TARGETS,
        "met": {name: ratios[name] >= bound for name, bound in TARGETS.items()},
        "measured": {"ours": ours, "in_rounds": rounds, f"alone_{len(few)}": alone},
        "by_the_model_s": {
            "optimum": optimum_s,
            "in_rounds": in_rounds(asked, RETRIEVAL_S),
            "one_at_a_time": alone_model_s,
            f"alone_{len(few)}": one_by_one(few, RETRIEVAL_S),
        },
        "one_at_a_time_s": alone_s,
        "one_at_a_time_is": f"measured on {len(few)} questions, scaled by the model of the server",
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        **{name: version(name) for name in ("openai", "langgraph")},
    }


def report(result: dict[str, Any]) -> None:
    ours = result["measured"]["ours"]
    print(
        f"{result['questions']} questions, {result['calls']} calls: {ours['seconds']:.1f} s, "
        f"in rounds {result['measured']['in_rounds']['seconds']:.1f} s, one at a time "
        f"{result['one_at_a_time_s']:.0f} s, optimum {result['by_the_model_s']['optimum']:.1f} s; "
        f"{1000 * ours['cpu_s'] / result['calls']:.1f} ms CPU a call here"
    )
    for name, bound in TARGETS.items():
        met = "met" if result["met"][name] else "MISSED"
        print(f"{name}: {result['ratios'][name]:.3f} (target {bound:g}, {met})")


if __name__ == "__main__":
    main()
