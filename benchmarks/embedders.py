"""How fast the default embedder is on a CPU, beside PyTorch in float32, and what that costs.

    python benchmarks/embedders.py [--rounds N] [--questions N]

The same model, all-MiniLM-L6-v2, by sentence-transformers in float32 (`minilm-float32`), and by
OpenVINO in float32 and in the CPU's own precision (`minilm`). Rates are of 256 HotpotQA paragraphs,
each whole, and of 64 questions in one call; each round measures all, one after the other, and a
ratio is the median of the rounds' own. `cpu` is the same per second of processor time, which other
programs on the machine disturb less.

Recall is the share of supporting paragraphs among the first 5, over the union of each sample's
paragraphs, for vectors of passages by one and of questions by the other, too: an index made by one
is searched by the other. `same_5` is the share of questions that get the same five in that order.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ragreason.datasets import Example, load_dataset
from ragreason.embedding.batches import embed_passages
from ragreason.embedding.openvino import OpenVINOEmbedder
from ragreason.embedding.sentence_transformers import SentenceTransformersEmbedder
from ragreason.index.passages import searchable_text
from ragreason.protocols import Embedder, EmbedKind, Floats
from ragreason.retrieval.build import build_index
from ragreason.retrieval.open import open_retriever
from ragreason.settings import load_settings
from ragreason.types import Passage

RESULT = Path(__file__).parent / "results" / "embedders.json"
SAMPLES = (
    "hotpotqa:hotpotqa/train_sample.json",
    "2wikimultihopqa:2wikimultihopqa/train_sample.json",
    "musique:musique/train_sample.jsonl",
)
REFERENCE, SAME, FAST = "sentence-transformers float32", "openvino float32", "openvino"
K = 5
PASSAGES, QUERIES = 256, 64
LIBRARIES = ("openvino", "sentence-transformers", "torch", "tokenizers", "faiss-cpu", "numpy")
Vectors = Mapping[str, Floats]


class Known:
    """Vectors that were made before, passages by one embedder and questions by another."""

    name = "minilm"

    def __init__(self, passages: Vectors, queries: Vectors) -> None:
        self.dim = len(next(iter(passages.values())))
        self._vectors = {"passage": passages, "query": queries}

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        rows = [self._vectors[kind][text] for text in texts]
        return np.stack(rows) if rows else np.zeros((0, self.dim), dtype=np.float32)


def open_all() -> dict[str, Embedder]:
    """The reference first."""
    return {
        REFERENCE: SentenceTransformersEmbedder("minilm", device="cpu"),
        SAME: OpenVINOEmbedder("minilm", "float32"),
        FAST: OpenVINOEmbedder("minilm"),
    }


async def rates(
    embedders: Mapping[str, Embedder], passages: Sequence[str], queries: Sequence[str], rounds: int
) -> dict[str, Any]:
    """Texts a second by embedder, and ratios to the reference, medians of the rounds."""
    seen: dict[str, dict[str, list[float]]] = {
        name: {"passages": [], "queries": [], "passages_cpu": [], "queries_cpu": []}
        for name in embedders
    }
    for embedder in embedders.values():
        await embedder.embed([*passages, *queries], "passage")  # loads, and sees each length
    for _ in range(rounds):
        for name, embedder in embedders.items():
            for what, texts in (("passages", passages), ("queries", queries)):
                wall, cpu = time.perf_counter(), time.process_time()
                await embedder.embed(texts, "passage")
                seen[name][what].append(len(texts) / (time.perf_counter() - wall))
                seen[name][f"{what}_cpu"].append(len(texts) / (time.process_time() - cpu))
    return {
        name: {
            what: {
                "per_s": round(statistics.median(values), 1),
                "ratio": round(
                    statistics.median(
                        a / b for a, b in zip(values, seen[REFERENCE][what], strict=True)
                    ),
                    2,
                ),
            }
            for what, values in found.items()
        }
        for name, found in seen.items()
    }


async def vectors_of(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """Text to vector."""
    return dict(zip(texts, await embed_passages(embedder, texts), strict=True))


async def recalls(
    embedders: Mapping[str, Embedder], spec: str, questions: int, folder: Path
) -> dict[str, Any]:
    """Recall of each pair of embedders, and how far the vectors are apart."""
    dataset = load_dataset(spec)
    examples = [e for e in dataset.examples if e.gold.support_ids][:questions]
    wanted = {i for e in examples for i in e.gold.support_ids}
    passages = [p for p in dataset.passages if p.id in wanted or len(dataset.examples) <= questions]
    if len(passages) < len(dataset.passages):  # the supports of the others fill it up
        held = {p.id for p in passages}
        others = [p for p in dataset.passages if p.id not in held]
        passages += others[: 20 * questions - len(passages)]
    texts = [searchable_text(p.title, p.text) for p in passages]
    asked = [e.question.text for e in examples]
    by = {
        name: (await vectors_of(embedder, texts), await vectors_of(embedder, asked))
        for name, embedder in embedders.items()
    }
    pairs = [(a, b) for a in (REFERENCE, FAST) for b in (REFERENCE, FAST)]
    rows = {}
    for at, (a, b) in enumerate(pairs):
        known = Known(by[a][0], by[b][1])
        rows[f"index {a}, questions {b}"] = await found(
            known, passages, examples, folder / f"{dataset.name}-{at}"
        )
    first = next(iter(rows.values()))
    return {
        "dataset": dataset.name,
        "questions": len(examples),
        "passages": len(passages),
        "cosine_with_reference": {
            name: round(min(float(by[REFERENCE][0][t] @ vectors[0][t]) for t in texts), 6)
            for name, vectors in by.items()
        },
        "pairs": {
            pair: {
                kind: {
                    "recall": round(row[kind]["recall"], 4),
                    "same_5": round(
                        float(
                            np.mean(
                                [
                                    x == y
                                    for x, y in zip(
                                        row[kind]["ids"], first[kind]["ids"], strict=True
                                    )
                                ]
                            )
                        ),
                        3,
                    ),
                }
                for kind in row
            }
            for pair, row in rows.items()
        },
    }


async def found(
    embedder: Embedder, passages: Sequence[Passage], examples: Sequence[Example], folder: Path
) -> dict[str, Any]:
    """Recall and the ids found, by retriever."""
    folder.mkdir()  # noqa: ASYNC240 - nothing else runs
    corpus = folder / "passages.jsonl"
    rows = [{"id": p.id, "title": p.title, "text": p.text} for p in passages]
    corpus.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    await build_index([corpus], folder / "index", embedder=embedder, whole=True)
    result = {}
    for kind in ("dense", "hybrid"):
        retriever = open_retriever(folder / "index", kind, embedder=embedder)
        hits = await retriever.retrieve([e.question.text for e in examples], K)
        ids = [[hit.passage.id for hit in own] for own in hits]
        shares = [
            len(set(e.gold.support_ids) & set(own)) / len(set(e.gold.support_ids))
            for e, own in zip(examples, ids, strict=True)
        ]
        result[kind] = {"recall": float(np.mean(shares)), "ids": ids}
    return result


async def measure(rounds: int, questions: int) -> dict[str, Any]:
    """The whole result."""
    data = load_settings().data
    specs = [spec.replace(":", f":{data}/", 1) for spec in SAMPLES]
    first = load_dataset(specs[0])
    drawn = np.random.default_rng(0).permutation(len(first.passages))[:PASSAGES]
    passages = [searchable_text(first.passages[i].title, first.passages[i].text) for i in drawn]
    queries = [e.question.text for e in first.examples][:QUERIES]
    embedders = open_all()
    speed = await rates(embedders, passages, queries, rounds)
    with tempfile.TemporaryDirectory() as folder:
        samples = [await recalls(embedders, spec, questions, Path(folder)) for spec in specs]
    return {
        "rounds": rounds,
        "rates": speed,
        "k": K,
        "samples": samples,
        "machine": {"cpu": platform.machine(), "cores": os.cpu_count()},
        "versions": {"python": platform.python_version()} | {n: version(n) for n in LIBRARIES},
    }


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--questions", type=int, default=100, help="of each sample")
    options = parser.parse_args()
    result = asyncio.run(measure(options.rounds, options.questions))
    for name, row in result["rates"].items():
        told = ", ".join(f"{what} {r['per_s']}/s x{r['ratio']}" for what, r in row.items())
        print(f"{name:30} {told}")
    for sample in result["samples"]:
        print(
            f"{sample['dataset']}: {sample['questions']} questions, {sample['passages']} passages"
        )
        print(f"  least cosine with the reference: {sample['cosine_with_reference']}")
        for pair, row in sample["pairs"].items():
            told = ", ".join(
                f"{kind} recall@{K} {r['recall']:.3f} same five {r['same_5']:.2f}"
                for kind, r in row.items()
            )
            print(f"  {pair:70} {told}")
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
