"""64 callers search at once: how many calls that makes, how fast it is, and whether hits change.

    python benchmarks/retrieval_batches.py [--rounds N] [--batch N]

Over the union of HotpotQA's sample paragraphs. Each caller has a question of its own. `calls` are
embed calls and searches. `rate` is callers answered a second over what the embedder does with the
same 64 texts in one call, measured in turn, the median of the rounds' ratios; without coalescing
each caller is a call of its own, at the same time. Hits are compared with those of one caller at a
time: ids, order and scores, exactly.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ragreason.datasets import load_dataset
from ragreason.embedding.open import open_embedder
from ragreason.index.folder import open_index
from ragreason.protocols import Embedder, EmbedKind, Floats, Retriever, Where
from ragreason.registry import load
from ragreason.retrieval.build import build_index
from ragreason.retrieval.coalesce import CoalescingRetriever
from ragreason.settings import load_settings
from ragreason.types import Hit

RESULT = Path(__file__).parent / "results" / "retrieval_batches.json"
CALLERS, K = 64, 5
KINDS = ("dense", "hybrid", "graph_walk")
LIBRARIES = ("openvino", "sentence-transformers", "faiss-cpu", "bm25s", "numpy")


class CountedEmbedder:
    """The embedder, its calls counted."""

    def __init__(self, embedder: Embedder) -> None:
        self.name, self.dim, self.calls = embedder.name, embedder.dim, 0
        self._embedder = embedder

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        self.calls += 1
        return await self._embedder.embed(texts, kind)


class CountedRetriever:
    """The retriever, its calls counted."""

    def __init__(self, retriever: Retriever) -> None:
        self.name, self.calls = retriever.name, 0
        self._retriever = retriever

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        self.calls += 1
        return await self._retriever.retrieve(queries, k, where)


async def at_once(retriever: Retriever, queries: Sequence[str]) -> list[list[Hit]]:
    """Each query by a caller of its own."""
    found = await asyncio.gather(*(retriever.retrieve([query], K) for query in queries))
    return [own[0] for own in found]


async def measure_kind(
    kind: str, index: Path, embedder: CountedEmbedder, queries: Sequence[str], options: Any
) -> dict[str, Any]:
    """The row of one retriever."""
    plain = load("retrievers", kind)(index=open_index(index), embedder=embedder)
    counted = CountedRetriever(plain)
    retriever = CoalescingRetriever(counted, options.batch)
    alone = [(await plain.retrieve([query], K))[0] for query in queries]
    embedder.calls = 0
    together = await at_once(retriever, queries)
    calls = {"embed": embedder.calls, "search": counted.calls}
    rates, without = [], []
    for _ in range(options.rounds):
        embed_s = await seconds(embedder.embed(queries, "query"))
        rates.append(embed_s / await seconds(at_once(retriever, queries)))
        without.append(embed_s / await seconds(at_once(plain, queries)))
    return {
        "calls": calls,
        "most_calls": -(-len(queries) // options.batch),
        "identical": together == alone,
        "rate": round(statistics.median(rates), 3),
        "without_coalescing": round(statistics.median(without), 3),
    }


async def seconds(work: Any) -> float:
    """How long it takes."""
    started_s = time.perf_counter()
    await work
    return time.perf_counter() - started_s


async def measure(options: Any) -> dict[str, Any]:
    """The whole result."""
    settings = load_settings()
    dataset = load_dataset(f"hotpotqa:{settings.data / 'hotpotqa' / 'train_sample.json'}")
    queries = [example.question.text for example in dataset.examples][:CALLERS]
    embedder = CountedEmbedder(open_embedder(options.embedder))
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        built = await build_index([dataset.path], index, settings, embedder=embedder)
        rows = {kind: await measure_kind(kind, index, embedder, queries, options) for kind in KINDS}
    return {
        "callers": CALLERS,
        "batch": options.batch,
        "k": K,
        "passages": built.manifest.passages,
        "embedder": options.embedder,
        "rounds": options.rounds,
        "retrievers": rows,
        "machine": {"cpu": platform.machine(), "cores": os.cpu_count()},
        "versions": {"python": platform.python_version()} | {n: version(n) for n in LIBRARIES},
    }


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--embedder", default="minilm")
    options = parser.parse_args()
    result = asyncio.run(measure(options))
    for kind, row in result["retrievers"].items():
        print(
            f"{kind:10} {CALLERS} callers: {row['calls']['embed']} embed calls and "
            f"{row['calls']['search']} searches (at most {row['most_calls']}); "
            f"{row['rate']:.2f} of the embedder's own rate, without coalescing "
            f"{row['without_coalescing']:.2f}; hits {'identical' if row['identical'] else 'DIFFER'}"
        )
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
