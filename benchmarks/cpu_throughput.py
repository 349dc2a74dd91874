"""Throughput on the real CPU engine against what the engine's own rates allow.

    python benchmarks/cpu_throughput.py [--questions 8] [--models smollm2-135m qwen2.5-coder-0.5b]

The graph `react` answers HotpotQA's questions (validation sample, BM25 over all its paragraphs)
three times, each on a fresh worker process: all questions at once, as `ragreason eval` runs them;
one at a time; and in lockstep, where each search waits until every question wants to search. After
each, on the same process and its own prompts, the engine's rates are measured: reading fresh
prompts, and writing 1, 2, 4 ... replies at once to prompts that are read already; medians over the
three. What these rates allow for the very calls that were made is the time of `batch_model`: no
searches, no orchestration. `of_allowed` is the speed-up over one at a time that was measured,
divided by the one that the rates allow; `explained` the share of each wall time that they explain.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from contextvars import ContextVar
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

from batch_model import Call, Rates, in_rounds, one_by_one, together

from ragreason.datasets import load_dataset
from ragreason.evaluation.corpus import dataset_index
from ragreason.generation.openvino import OpenVINOEngine
from ragreason.protocols import Chunk, Retriever, Where
from ragreason.retrieval.open import open_retriever
from ragreason.runner import open_runner
from ragreason.settings import load_settings
from ragreason.types import Completion, Hit, Message, Question, Request

TARGET = 0.90
RESULT = Path(__file__).parent / "results" / "cpu_throughput.json"
DATA = "hotpotqa:{}/hotpotqa/dev_sample_hf_layout.json"
OVERRIDES = ("answer.citations=false", "solve.strategy.max_depth=4", "solve.policy.max_tokens=48")
WAYS = {"together": together, "one_by_one": one_by_one, "in_rounds": in_rounds}
WRITTEN = 24
"""Tokens of a reply when rates are measured."""
_asking: ContextVar[str] = ContextVar("asking")


class Told:
    """An engine that notes each call under the question that is being asked."""

    def __init__(self, engine: OpenVINOEngine) -> None:
        self.engine = engine
        self.calls: dict[str, list[Call]] = defaultdict(list)
        self.requests: list[Request] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    async def generate(self, request: Request) -> list[Completion]:
        """The engine's."""
        completions = await self.engine.generate(request)
        self._note(request, completions[0])
        return completions

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """The engine's."""
        async with aclosing(self.engine.stream(request)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                if chunk.completion is not None:
                    self._note(request, chunk.completion)
                yield chunk

    def _note(self, request: Request, completion: Completion) -> None:
        used = completion.usage
        read = used.prompt_tokens - (used.cached_tokens or 0)
        self.calls[_asking.get()].append(Call(read, used.completion_tokens))
        self.requests.append(request)


class Lockstep:
    """A retriever that waits until all questions that are under way want to search."""

    def __init__(self, retriever: Retriever, active: int) -> None:
        self.name = retriever.name
        self.active = active
        self._retriever = retriever
        self._waiting: list[asyncio.Event] = []

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        """The retriever's, once it is everyone's turn."""
        turn = asyncio.Event()
        self._waiting.append(turn)
        self._go_on()
        await turn.wait()
        return await self._retriever.retrieve(queries, k, where)

    def leave(self) -> None:
        """A question is answered."""
        self.active -= 1
        self._go_on()

    def _go_on(self) -> None:
        if len(self._waiting) >= self.active:
            waiting, self._waiting = self._waiting, []
            for turn in waiting:
                turn.set()


async def session(
    model: str, way: str, questions: Sequence[Question], retriever: Retriever
) -> dict[str, Any]:
    """Seconds of all questions one way, their calls, and the engine's rates afterwards."""
    engine = Told(OpenVINOEngine(model))
    await engine.count_tokens(Request(messages=(Message(role="user", content="x"),)))  # loads it
    lockstep = Lockstep(retriever, len(questions))
    given = lockstep if way == "in_rounds" else retriever
    runner = open_runner("react", model=engine, index=given, overrides=OVERRIDES)
    turns = asyncio.Semaphore(1 if way == "one_by_one" else len(questions))

    async def ask(question: Question) -> None:
        async with turns, runner.beginning():
            _asking.set(question.id)
            await runner.answer(question)
            lockstep.leave()

    started_s = perf_counter()
    await asyncio.gather(*map(ask, questions))
    seconds = perf_counter() - started_s
    rates = await measured_rates(engine.engine, engine.requests, len(questions))
    await engine.engine.aclose()
    return {"seconds": seconds, "courses": list(engine.calls.values()), "rates": rates}


async def measured_rates(
    engine: OpenVINOEngine, requests: Sequence[Request], most: int
) -> dict[str, Any]:
    """Seconds a fresh prompt token, and seconds a step by how many replies it writes at once."""
    longest = sorted(requests, key=lambda request: -len(request.prefill))
    held = list({request.prefill: request for request in longest}.values())
    fresh = [_renewed(request) for request in held[:4]]
    read = await _timed(engine, fresh, 1)
    batches = [2**i for i in range(most.bit_length()) if 2**i <= min(most, len(held))]
    steps = {}
    for batch in batches:
        chosen = [request.model_copy(update={"stop": ()}) for request in held[:batch]]
        await _timed(engine, chosen, 1)  # what the cache has dropped is read again
        first, whole = await _timed(engine, chosen, 1), await _timed(engine, chosen, WRITTEN)
        written = [count - 1 for count in whole["written"]]
        steps[sum(written) / max(written)] = (whole["seconds"] - first["seconds"]) / max(written)
    return {"read_s": read["seconds"] / read["read"], "steps_s": steps}


def _renewed(request: Request) -> Request:
    """The same prompt, but for its beginning, which no cache holds."""
    first, *rest = request.messages
    first = first.model_copy(update={"content": f"{len(request.prefill)}. {first.content}"})
    return request.model_copy(update={"messages": (first, *rest)})


async def _timed(engine: OpenVINOEngine, requests: Sequence[Request], tokens: int) -> Any:
    asked = [request.model_copy(update={"max_tokens": tokens}) for request in requests]
    started_s = perf_counter()
    replies = [reply for [reply] in await asyncio.gather(*map(engine.generate, asked))]
    used = [reply.usage for reply in replies]
    return {
        "seconds": perf_counter() - started_s,
        "read": sum(u.prompt_tokens - (u.cached_tokens or 0) for u in used),
        "written": [u.completion_tokens for u in used],
    }


def pooled(found: Sequence[dict[str, Any]]) -> Rates:
    """The medians of several measurements; sizes that differ in a cut reply go together."""
    sizes = list(zip(*(sorted(rates["steps_s"].items()) for rates in found), strict=False))
    steps = {
        statistics.median(size for size, _ in same): statistics.median(s for _, s in same)
        for same in sizes
    }
    return Rates(statistics.median(rates["read_s"] for rates in found), steps)


def summary(model: str, found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The measured speed-ups, what the rates allow, and how much of each time they explain."""
    rates = pooled([one["rates"] for one in found.values()])
    allowed = {way: WAYS[way](one["courses"], rates) for way, one in found.items()}
    seconds = {way: one["seconds"] for way, one in found.items()}
    speed_up = seconds["one_by_one"] / seconds["together"]
    allowed_speed_up = allowed["one_by_one"] / allowed["together"]
    calls = {
        way: [call for course in one["courses"] for call in course] for way, one in found.items()
    }
    return {
        "model": model,
        "questions": len(found["together"]["courses"]),
        "speed_up": speed_up,
        "allowed_speed_up": allowed_speed_up,
        "of_allowed": speed_up / allowed_speed_up,
        "over_rounds": seconds["in_rounds"] / seconds["together"],
        "explained": {way: allowed[way] / seconds[way] for way in found},
        "seconds": seconds,
        "read_tokens": {way: sum(c.read for c in made) for way, made in calls.items()},
        "written_tokens": {way: sum(c.written for c in made) for way, made in calls.items()},
        "prefill_tokens_s": 1 / rates.read_s,
        "decode_tokens_s": {f"{size:.1f}": size / s for size, s in rates.steps_s.items()},
    }


async def measure(models: Sequence[str], questions: int) -> list[dict[str, Any]]:
    """A row a model."""
    settings = load_settings()
    dataset = load_dataset(DATA.format(settings.data))
    hashing = settings.model_copy(update={"embedder": "hashing"})  # BM25 needs no better one
    index = await dataset_index(dataset, hashing)
    if index is None:
        raise SystemExit("the sample has no paragraphs to search")
    retriever = open_retriever(index, "bm25")
    chosen = [example.question for example in dataset.examples[:questions]]
    rows = []
    for model in models:
        found = {}
        for way in WAYS:
            found[way] = await session(model, way, chosen, retriever)
            print(f"{model}, {way}: {found[way]['seconds']:.1f} s", file=sys.stderr, flush=True)
        rows.append(summary(model, found))
    return rows


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--questions", type=int, default=8)
    parser.add_argument("--models", nargs="+", default=["smollm2-135m", "qwen2.5-coder-0.5b"])
    options = parser.parse_args()
    rows = asyncio.run(measure(options.models, options.questions))
    for row in rows:
        explained = ", ".join(f"{way} {share:.2f}" for way, share in row["explained"].items())
        print(
            f"{row['model']}, {row['questions']} questions: {row['speed_up']:.2f} times one at a "
            f"time, the rates allow {row['allowed_speed_up']:.2f}: {row['of_allowed']:.2f} of it "
            f"(target at least {TARGET}); {row['over_rounds']:.2f} times lockstep; the rates "
            f"explain of the wall time: {explained}"
        )
    machine = {"system": platform.platform(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    about = {"versions": {name: version(name) for name in ("openvino-genai", "langgraph")}}
    text = json.dumps({"rows": rows, "machine": machine, **about}, indent=1)
    RESULT.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
