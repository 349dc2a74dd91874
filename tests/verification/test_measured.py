"""The verifiers on real questions, with the real embedder: bounds below what was measured.

`benchmarks/groundedness.py` and `benchmarks/verifiers.py` measure the whole samples.
"""

import asyncio
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from ragreason.datasets import Example, load_dataset
from ragreason.embedding.open import open_embedder
from ragreason.protocols import Embedder, EmbedKind, Floats
from ragreason.types import Hit, Passage
from ragreason.verification.cite import cite
from ragreason.verification.relevance import Relevance

pytestmark = [pytest.mark.data, pytest.mark.model]
QUESTIONS = 10


class Remembering:
    """Embeds each text once over all tests of this file."""

    def __init__(self, inner: Embedder) -> None:
        self._inner, self._known = inner, dict[str, Floats]()
        self.name, self.dim = inner.name, inner.dim

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            vectors = await self._inner.embed(new, kind)
            self._known.update(zip(new, vectors, strict=True))
        return np.stack([self._known[text] for text in texts])


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "groundedness.py"
    spec = importlib.util.spec_from_file_location("groundedness_bench", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Remembering(open_embedder("minilm"))


@pytest.fixture(scope="module")
def examples(data: Path) -> Sequence[Example]:
    return load_dataset(f"hotpotqa:{data / 'hotpotqa' / 'train_sample.json'}").examples


def found(passages: Sequence[Passage]) -> list[Hit]:
    return [Hit(passage=p, score=1.0, rank=i, source="all") for i, p in enumerate(passages, 1)]


def test_swapped_entities_are_told_from_supporting_sentences(
    data: Path, bench: ModuleType, embedder: Embedder
) -> None:
    cases = bench.hotpot_cases(data / "hotpotqa" / "train_sample.json", QUESTIONS)
    rows = asyncio.run(bench.score(cases, embedder))
    for name, row in bench.summary(cases, rows, resamples=20).items():
        assert row["pairs"] >= 15, name
        assert row["auc"] >= 0.8, (name, row)


async def test_gold_paragraphs_outscore_the_others(
    examples: Sequence[Example], bench: ModuleType, embedder: Embedder
) -> None:
    gold: list[float] = []
    other: list[float] = []
    for example in examples[:QUESTIONS]:
        verdicts = await Relevance(embedder).judge(example.question, found(example.passages))
        for passage, verdict in zip(example.passages, verdicts, strict=True):
            (gold if passage.id in example.gold.support_ids else other).append(verdict.score)
    assert bench.auc(gold, other) >= 0.75


async def test_citations_of_gold_answers_are_mostly_the_gold_paragraphs(
    examples: Sequence[Example], embedder: Embedder
) -> None:
    right = cited = 0
    for example in examples[:QUESTIONS]:
        answer = example.gold.answers[0]
        hits = found(example.passages)
        _, citations = await cite(example.question.text, answer, hits, embedder)
        texts = {p.id: p.text for p in example.passages}
        for citation in citations:
            text = texts[citation.passage_id]
            assert text[citation.start : citation.end] == citation.quote
        cited += len(citations)
        right += sum(c.passage_id in example.gold.support_ids for c in citations)
    assert cited >= QUESTIONS
    assert right / cited >= 0.7
