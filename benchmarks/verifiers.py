"""What the verifiers tell apart on real questions, and what a judgement costs.

    python benchmarks/verifiers.py [--limit N] [--embedder NAME] [--data NAME:PATH ...]

Default data: the HotpotQA training sample, on which the thresholds were chosen, and the HotpotQA
dev and MuSiQue samples, on which they were not. Each question comes with its own paragraphs as
hits.

    relevance        AUC, gold against other paragraphs
    sufficiency      AUC and labels, all paragraphs against the same with one gold paragraph
                     removed; and the gold ones with two others, against the same with one gold
                     paragraph exchanged
    answers          AUC of groundedness, the gold answer against: a name or number of the same
                     kind from any paragraph ("entity"), from a gold paragraph ("gold entity":
                     often the bridge itself), the answer of another question ("other"); yes and no
                     are left out
    citations        of the gold answer: precision and recall of the gold paragraphs, and the share
                     of answers that the citation verifier passes, as cited and citing everything
    cost             texts embedded and seconds for one trajectory's judgement
"""

import argparse
import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from time import perf_counter
from typing import Any

import numpy as np
from groundedness import auc, entities

from ragreason.datasets import Example, load_dataset
from ragreason.embedding.open import open_embedder
from ragreason.protocols import Embedder, EmbedKind, Floats
from ragreason.settings import settings
from ragreason.text.answers import canonical_answer
from ragreason.types import Answer, Hit, Passage, Step, Trajectory
from ragreason.verification.answered import is_verdict
from ragreason.verification.citation import CitationVerifier
from ragreason.verification.cite import cite
from ragreason.verification.groundedness import Groundedness
from ragreason.verification.relevance import Relevance

RESULT = Path(__file__).parent / "results" / "verifiers.json"
SAMPLES = (
    "hotpotqa:hotpotqa/train_sample.json",
    "hotpotqa:hotpotqa/dev_sample_hf_layout.json",
    "musique:musique/train_sample.jsonl",
)


class Remembering:
    """Embeds each text once over all measurements."""

    def __init__(self, inner: Embedder) -> None:
        self._inner, self._known = inner, dict[str, Floats]()
        self.name, self.dim = inner.name, inner.dim

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        """As the inner one."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, await self._inner.embed(new, kind), strict=True))
        return np.stack([self._known[text] for text in texts])


def hits(passages: Sequence[Passage]) -> tuple[Hit, ...]:
    """All of them, in order."""
    return tuple(Hit(passage=p, score=1, rank=i, source="all") for i, p in enumerate(passages, 1))


def answering(answer: str, found: Sequence[Hit]) -> Trajectory:
    """A search that found everything, and an answer."""
    search = Step(kind="search", text="", query="all", hits=tuple(found))
    return Trajectory(steps=(search, Step(kind="answer", text=answer, answer=answer)))


async def relevance(examples: Sequence[Example], embedder: Embedder) -> dict[str, float]:
    """AUC and means over all paragraphs."""
    gold: list[float] = []
    other: list[float] = []
    for example in examples:
        verdicts = await Relevance(embedder).judge(example.question, hits(example.passages))
        for passage, verdict in zip(example.passages, verdicts, strict=True):
            (gold if passage.id in example.gold.support_ids else other).append(verdict.score)
    return {"auc": auc(gold, other), "gold": mean(gold), "other": mean(other)}


async def sufficiency(examples: Sequence[Example], embedder: Embedder) -> dict[str, Any]:
    """AUCs, and how often each label is given to each of the four sets."""
    scores: dict[str, list[float]] = {}
    labels: dict[str, Counter[str]] = {}
    for example in examples:
        rng = random.Random(example.question.id)
        gold = [p for p in example.passages if p.id in example.gold.support_ids]
        other = [p for p in example.passages if p.id not in example.gold.support_ids]
        if len(gold) < 2 or len(other) < 3:
            continue
        drawn = rng.sample(other, 3)
        dropped = rng.choice(gold)
        sets = {
            "all": list(example.passages),
            "all but one gold": [p for p in example.passages if p.id != dropped.id],
            "gold and two": [*gold, *drawn[:2]],
            "one gold exchanged": [*(p for p in gold if p.id != dropped.id), *drawn],
        }
        for name, chosen in sets.items():
            verdict = await Relevance(embedder).sufficiency(example.question, hits(chosen))
            scores.setdefault(name, []).append(verdict.score)
            labels.setdefault(name, Counter())[str(verdict.label)] += 1
    return {
        "auc_all": auc(scores["all"], scores["all but one gold"]),
        "auc_few": auc(scores["gold and two"], scores["one gold exchanged"]),
        "labels": {name: dict(counts) for name, counts in labels.items()},
    }


async def answers(examples: Sequence[Example], embedder: Embedder) -> dict[str, float]:
    """AUC of the gold answer's score against three kinds of wrong ones."""
    asked = [e for e in examples if not is_verdict(e.gold.answers[0])]
    scores: dict[str, list[float]] = {"gold": [], "entity": [], "gold entity": [], "other": []}
    for example, following in zip(asked, [*asked[1:], asked[0]], strict=True):
        rng = random.Random(example.question.id)
        gold = [p for p in example.passages if p.id in example.gold.support_ids]
        wrong = {
            "entity": _wrong(example, example.passages, rng),
            "gold entity": _wrong(example, gold, rng),
            "other": following.gold.answers[0],
        }
        given = {"gold": example.gold.answers[0], **{k: w for k, w in wrong.items() if w}}
        found = hits(example.passages)
        items = [answering(answer, found) for answer in given.values()]
        verdicts = await Groundedness(embedder).judge(example.question, items)
        for name, verdict in zip(given, verdicts, strict=True):
            scores[name].append(verdict.score)
    result = {f"auc_{name}": auc(scores["gold"], scores[name]) for name in list(scores)[1:]}
    bound = Groundedness(embedder).answered
    shares = {f"supported_{k}": mean(s >= bound for s in v) for k, v in scores.items()}
    return result | shares


def _wrong(example: Example, passages: Sequence[Passage], rng: random.Random) -> str:
    """An entity of the gold answer's kind that is neither in the question nor a gold answer."""
    gold = [canonical_answer(answer) for answer in example.gold.answers]
    kind = "number" if any(c.isdigit() for c in gold[0]) else "name"
    pool = sorted(
        entity
        for entity, found in entities("; ".join(p.text for p in passages)).items()
        if found == kind and entity.casefold() not in example.question.text.casefold()
        if not any(canonical_answer(entity) in g or g in canonical_answer(entity) for g in gold)
    )
    return rng.choice(pool) if pool else ""


async def citations(examples: Sequence[Example], embedder: Embedder) -> dict[str, float]:
    """How good the citations of the gold answers are, and what the verifier says of them."""
    verifier = CitationVerifier(embedder)
    rows = []
    for example in examples:
        found = hits(example.passages)
        answer = example.gold.answers[0]
        cited, made = await cite(example.question.text, answer, found, embedder)
        ids, gold = {c.passage_id for c in made}, set(example.gold.support_ids)
        whole = Answer(text=answer, cited=cited, citations=made)
        every = answer + " " + "".join(f"[{n}]" for n in range(1, len(found) + 1))
        one = await verifier.judge_answer(example.question, whole)
        (other,) = await verifier.judge(example.question, [answering(every, found)])
        rows.append(
            (
                len(ids & gold) / len(ids) if ids else 0.0,
                len(ids & gold) / len(gold),
                len(made),
                one.label == "supported",
                other.label == "supported",
            )
        )
    names = ("precision", "recall", "citations", "passed", "passed_citing_everything")
    return {name: mean(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


async def cost(examples: Sequence[Example], embedder: Embedder) -> dict[str, float]:
    """Of one judgement of one trajectory with all of a question's passages, nothing remembered."""
    counts: list[int] = []

    class Counting(Remembering):
        async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
            counts.append(len(texts))
            return await embedder.embed(texts, kind)

    verifier = Groundedness(Counting(embedder))
    await verifier.judge(examples[0].question, [answering("x", hits(examples[0].passages))])
    counts.clear()
    started_s = perf_counter()
    for example in examples[:30]:
        item = answering(example.gold.answers[0], hits(example.passages))
        await verifier.judge(example.question, [item])
    judged = len(examples[:30])
    return {"seconds": (perf_counter() - started_s) / judged, "texts": sum(counts) / judged}


async def measure(spec: str, limit: int | None, embedder: Embedder) -> dict[str, Any]:
    """One sample's table."""
    examples = load_dataset(spec).examples[:limit]
    remembering = Remembering(embedder)
    return {
        "n": len(examples),
        "cost": await cost(examples, embedder),
        "relevance": await relevance(examples, remembering),
        "sufficiency": await sufficiency(examples, remembering),
        "answers": await answers(examples, remembering),
        "citations": await citations(examples, remembering),
    }


def rounded(value: Any) -> Any:
    """Floats to four digits, everywhere."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--embedder", default="minilm")
    parser.add_argument("--data", action="append")
    options = parser.parse_args()
    embedder = open_embedder(options.embedder)
    specs = options.data or [
        f"{name}:{settings().data / path}" for name, _, path in (s.partition(":") for s in SAMPLES)
    ]
    result = {"embedder": embedder.name, "samples": {}}
    for spec in specs:
        table = rounded(asyncio.run(measure(spec, options.limit, embedder)))
        result["samples"][Path(spec).name] = table
        print(Path(spec).name)
        for part, row in table.items():
            print(f"  {part:12} {row}")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
