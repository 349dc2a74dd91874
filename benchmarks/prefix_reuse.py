"""How much of what a prefix cache could give it does give, in graphs whose prompts grow and branch.

    python benchmarks/prefix_reuse.py [--graph react ...] [--questions 3] [--model smollm2-135m]
    python benchmarks/prefix_reuse.py --url http://localhost:8000/v1 --model NAME

Questions on the sample corpus, one at a time (`alone`) and all at once (`together`). Reusable is
what an earlier prompt or reply began with too, in whole cache blocks. The embedded engine says for
each prompt how many tokens it worked out (`count_cached`); for a server its own counter stands,
else cached tokens are inferred from the time to the first token, after new prompts were timed. Of
each call at most the reusable tokens count as cached.
"""

import argparse
import asyncio
import json
import os
import platform
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

from ragreason.cli.demo import corpus_folder
from ragreason.datasets import load_dataset
from ragreason.evaluation.corpus import dataset_index
from ragreason.evaluation.summary import versions
from ragreason.generation.openai import OpenAIEngine
from ragreason.generation.openvino import OpenVINOEngine
from ragreason.generation.prefixes import Counted
from ragreason.protocols import Capability, Chunk, Generator
from ragreason.runner import open_runner
from ragreason.settings import settings
from ragreason.types import Completion, Message, Question, Request, Usage

GRAPHS = ("react", "beam_rag", "mcts_rag")
TARGET = 0.95
RESULT = Path(__file__).parent / "results" / "prefix_reuse.json"


class Noting:
    """An engine whose usages are noted, call by call."""

    counts_prefixes = True

    def __init__(self, engine: Generator) -> None:
        self.engine = engine
        self.usages: list[Usage] = []
        self.name = engine.name
        self.context = engine.context
        self.capabilities: frozenset[Capability] = engine.capabilities
        self.kv_tokens: int | None = getattr(engine, "kv_tokens", None)

    async def generate(self, request: Request) -> list[Completion]:
        """The engine's."""
        completions = await self.engine.generate(request)
        self.usages.append(completions[0].usage)
        return completions

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """The engine's."""
        async with aclosing(cast(Any, self.engine.stream(request))) as chunks:
            async for chunk in chunks:
                if chunk.completion is not None:
                    self.usages.append(chunk.completion.usage)
                yield chunk

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        """The engine's."""
        return await self.engine.score(request, continuations)

    async def count_tokens(self, request: Request) -> int:
        """The engine's."""
        return await self.engine.count_tokens(request)

    async def aclose(self) -> None:
        """Close the engine."""
        await self.engine.aclose()


def engine_of(options: argparse.Namespace) -> Noting:
    """The embedded engine, or a server."""
    if options.url is None:
        return Noting(OpenVINOEngine(options.model, count_cached=True))
    server: Any = Counted(OpenAIEngine(options.model, base_url=options.url, api_key="none"))
    return Noting(server)


async def time_new_prompts(engine: Noting) -> None:
    """Prompts that share nothing, for engines whose cached tokens are inferred from times."""
    rng = random.Random(0)
    for _ in range(5):
        text = " ".join(str(rng.randrange(10**9)) for _ in range(80))
        request = Request(messages=(Message(role="user", content=text),), max_tokens=1)
        async with aclosing(cast(Any, engine.stream(request))) as chunks:
            async for _ in chunks:
                pass


async def ask_all(
    graph: str, engine: Noting, index: Path, questions: Sequence[Question], *, together: bool
) -> list[Usage]:
    """The usages of all calls that have one."""
    engine.usages.clear()
    generator = cast(Generator, engine)
    async with open_runner(graph, model=generator, index=index) as runner:
        asked = [runner.answer(question, seed=7 + together) for question in questions]
        if together:
            await asyncio.gather(*asked)
        else:
            for one in asked:
                await one
    return list(engine.usages)


def figures(graph: str, mode: str, usages: Sequence[Usage]) -> dict[str, Any]:
    """Sums over calls; `share` is cached by reusable."""
    known = [u for u in usages if u.cached_tokens is not None and u.reusable_tokens is not None]
    reusable = sum(u.reusable_tokens or 0 for u in known)
    cached = sum(min(u.cached_tokens or 0, u.reusable_tokens or 0) for u in known)
    return {
        "graph": graph,
        "mode": mode,
        "calls": len(usages),
        "unknown": len(usages) - len(known),
        "prompt_tokens": sum(u.prompt_tokens for u in known),
        "reusable_tokens": reusable,
        "cached_tokens": cached,
        "share": cached / reusable if reusable else None,
        "inferred_tokens": sum(u.inferred_tokens for u in known),
        "estimated_tokens": sum(u.estimated_tokens for u in known),
    }


async def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """One row a graph and mode."""
    dataset = load_dataset(f"world:{corpus_folder()}")
    index = await dataset_index(dataset, settings(), lambda *_: None)
    assert index is not None, "the sample corpus has passages"
    questions = [example.question for example in dataset.examples[: options.questions]]
    engine, rows = engine_of(options), []
    await time_new_prompts(engine)
    for graph in options.graph or GRAPHS:
        for mode in ("alone", "together"):
            together = mode == "together"
            usages = await ask_all(graph, engine, index, questions, together=together)
            rows.append(figures(graph, mode, usages))
            print(line(rows[-1]), flush=True)
    await engine.aclose()
    return rows


def line(row: dict[str, Any]) -> str:
    """A row as it is printed."""
    share = "-" if row["share"] is None else f"{row['share']:.1%}"
    return (
        f"{row['graph']:<10} {row['mode']:<9} {row['calls']:>4} calls, {row['prompt_tokens']:>7,} "
        f"prompt tokens, {row['reusable_tokens']:>7,} reusable, {row['cached_tokens']:>7,} cached: "
        f"{share} (target {TARGET:.0%}), {row['inferred_tokens']:,} inferred, "
        f"{row['unknown']} calls unknown"
    )


def keep(name: str, rows: Sequence[dict[str, Any]], options: argparse.Namespace) -> None:
    """Write this engine's rows into the kept result."""
    machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()}
    about = {"questions": options.questions, "machine": machine, "versions": versions()}
    before = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    text = json.dumps({**before, name: {**about, "rows": rows}}, indent=1)
    RESULT.write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--graph", action="append", choices=GRAPHS)
    parser.add_argument("--questions", type=int, default=3)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--url", help="An OpenAI-compatible server in the embedded engine's place.")
    options = parser.parse_args()
    rows = asyncio.run(measure(options))
    keep(f"{'server' if options.url else 'openvino'}:{options.model}", rows, options)
    print(f"kept in {RESULT}")


if __name__ == "__main__":
    main()
