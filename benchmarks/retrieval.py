"""How often all supporting paragraphs are among the first k, by words, by meaning, by both,
and along links.

    python benchmarks/retrieval.py [--data NAME:PATH] [-k K] [--embedder NAME]

The corpus is the union of the data set's paragraphs (by default HotpotQA's training sample), built
into an index by the same call as `ragreason index build`. Questions are the queries, as they stand.
Intervals are 95 % by resampling questions; `over` is the paired difference to hybrid.
"""

import argparse
import asyncio
import json
import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from ragreason.datasets import Dataset, load_dataset
from ragreason.embedding.open import open_embedder
from ragreason.protocols import Embedder
from ragreason.retrieval.build import build_index
from ragreason.retrieval.open import open_retriever
from ragreason.settings import settings

RESULT = Path(__file__).parent / "results" / "retrieval.json"
KINDS = ("bm25", "dense", "hybrid", "graph_walk")
LIBRARIES = ("bm25s", "faiss-cpu", "numpy", "sentence-transformers", "torch")
RESAMPLES = 10_000


async def found_all(
    dataset: Dataset, index: Path, kind: str, embedder: Embedder, k: int
) -> tuple[list[bool], float]:
    """Whether the first `k` hold all supporting paragraphs, for each question that has any; seconds
    a query.
    """
    retriever = open_retriever(index, kind, embedder=embedder)
    examples = [example for example in dataset.examples if example.gold.support_ids]
    queries = [example.question.text for example in examples]
    await retriever.retrieve(queries[:1], k)  # models and files are loaded by the first
    started_s = perf_counter()
    hits = await retriever.retrieve(queries, k)
    seconds = (perf_counter() - started_s) / len(queries)
    return [
        set(example.gold.support_ids) <= {hit.passage.id for hit in found}
        for example, found in zip(examples, hits, strict=True)
    ], seconds


def interval(values: list[float]) -> dict[str, float]:
    """Mean, and the middle 95 % of the means of resampled questions."""
    drawn = np.random.default_rng(0).choice(values, size=(RESAMPLES, len(values)))
    low, high = np.percentile(drawn.mean(axis=1), [2.5, 97.5])
    return {"value": float(np.mean(values)), "low": float(low), "high": float(high)}


async def measure(spec: str, k: int, embedder: Embedder) -> dict[str, Any]:
    """The whole result."""
    dataset = load_dataset(spec)
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        started_s = perf_counter()
        built = await build_index([dataset.path], index, embedder=embedder)
        build_s = perf_counter() - started_s
        kinds = {kind: await found_all(dataset, index, kind, embedder, k) for kind in KINDS}
    hybrid = kinds["hybrid"][0]
    table = {
        kind: {
            "all_support": interval([float(hit) for hit in found]),
            "hybrid_over": interval([float(a) - b for a, b in zip(hybrid, found, strict=True)]),
            "ms_per_query": round(1000 * seconds, 2),
        }
        for kind, (found, seconds) in kinds.items()
    }
    return {
        "dataset": f"{dataset.name} {dataset.path.name}",
        "questions": len(hybrid),
        "passages": built.manifest.passages,
        "k": k,
        "embedder": embedder.name,
        "build_s": round(build_s, 1),
        "kinds": table,
        "machine": {"cpu": platform.machine(), "cores": os.cpu_count()},
        "versions": {"python": platform.python_version()} | {n: version(n) for n in LIBRARIES},
    }


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="NAME:PATH; by default HotpotQA's training sample")
    parser.add_argument("-k", type=int, default=5)
    parser.add_argument("--embedder", default="minilm")
    options = parser.parse_args()
    spec = options.data or f"hotpotqa:{settings().data / 'hotpotqa' / 'train_sample.json'}"
    result = asyncio.run(measure(spec, options.k, open_embedder(options.embedder)))
    print(f"{result['dataset']}: {result['questions']} questions, {result['passages']} passages")
    for kind, row in result["kinds"].items():
        share, over = row["all_support"], row["hybrid_over"]
        print(
            f"{kind:10} all support in the top {options.k}: {share['value']:.2f} "
            f"[{share['low']:.2f}, {share['high']:.2f}]  hybrid over it {over['value']:+.2f} "
            f"[{over['low']:+.2f}, {over['high']:+.2f}]  {row['ms_per_query']:.1f} ms a query"
        )
    if options.data is None:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
