"""How often all supporting paragraphs are among five: one search, and a search from what it found.

    python benchmarks/multi_hop.py [--data NAME:PATH] [--offset N] [--limit N] [-k K]

The node `multi_hop` over hybrid retrieval against hybrid retrieval alone, both with as many
passages, over the union of the sample's paragraphs. No language model is called. By default on the
questions that the way of making second queries was not chosen on: HotpotQA's validation sample, and
the second halves of the first hundred of 2Wiki and of MuSiQue's sample. Intervals are 95 % by
resampling questions.
"""

import argparse
import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from retrieval import interval

from ragreason.concurrency import all_or_none
from ragreason.datasets import Example, load_dataset
from ragreason.embedding.open import open_embedder
from ragreason.evaluation.corpus import dataset_index
from ragreason.nodes.multi_hop import MultiHop
from ragreason.retrieval.open import open_retriever
from ragreason.settings import load_settings
from ragreason.state import initial

RESULT = Path(__file__).parent / "results" / "multi_hop.json"
HELD_OUT = (
    ("hotpotqa:hotpotqa/dev_sample_hf_layout.json", 0, 100),
    ("2wikimultihopqa:2wikimultihopqa/train_sample.json", 50, 50),
    ("musique:musique/train_sample.jsonl", 50, 50),
)


async def measure(spec: str, offset: int, limit: int, k: int) -> dict[str, Any]:
    """The row of one sample."""
    settings = load_settings()
    dataset = load_dataset(spec)
    index = await dataset_index(dataset, settings)
    if index is None:
        raise SystemExit(f"{spec} has no paragraphs to search")
    retriever = open_retriever(index, "hybrid", embedder=open_embedder(settings.embedder))
    examples = [e for e in dataset.examples[offset : offset + limit] if e.gold.support_ids]
    once = await retriever.retrieve([e.question.text for e in examples], k)
    node = MultiHop("hops", retriever, k=k)
    hops = await all_or_none(node(initial(e.question)) for e in examples)
    found = {
        "once": [[hit.passage.id for hit in hits] for hits in once],
        "hops": [list(update["evidence"]) for update in hops],
    }
    return {"dataset": dataset.name, "offset": offset, "questions": len(examples), "k": k} | {
        name: table(examples, ids, found["once"]) for name, ids in found.items()
    }


def table(
    examples: Sequence[Example], found: Sequence[Sequence[str]], once: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """Share of questions with all support, of support found, and the difference to one search."""
    golds = [set(example.gold.support_ids) for example in examples]
    whole = [float(gold <= set(ids)) for gold, ids in zip(golds, found, strict=True)]
    before = [float(gold <= set(ids)) for gold, ids in zip(golds, once, strict=True)]
    part = [len(gold & set(ids)) / len(gold) for gold, ids in zip(golds, found, strict=True)]
    return {
        "all_support": interval(whole),
        "support_recall": interval(part),
        "over_once": interval([a - b for a, b in zip(whole, before, strict=True)]),
    }


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="NAME:PATH; by default the three held-out samples")
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("-k", type=int, default=5)
    options = parser.parse_args()
    data = load_settings().data
    samples = [(spec.replace(":", f":{data}/", 1), *rest) for spec, *rest in HELD_OUT]
    if options.data:
        samples = [(options.data, options.offset, options.limit)]
    rows = [asyncio.run(measure(*sample, options.k)) for sample in samples]
    for row in rows:
        once, hops = row["once"], row["hops"]
        over = hops["over_once"]
        print(
            f"{row['dataset']:16} {row['questions']:3} questions, all support in {row['k']}: "
            f"{once['all_support']['value']:.2f} once, {hops['all_support']['value']:.2f} with a "
            f"second hop ({over['value']:+.2f} [{over['low']:+.2f}, {over['high']:+.2f}]); recall "
            f"{once['support_recall']['value']:.2f}, {hops['support_recall']['value']:.2f}"
        )
    if options.data is None:
        RESULT.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
