import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ragreason.index.rank import Ranked
from ragreason.index.sparse import K1, B, SparseIndex, write_sparse
from ragreason.text.tokens import Tokenizer

TEXTS = [
    "The river flows north. The river is long.",
    "Boats sail on the rivers",
    "A mountain stands in the north",
    "",
    "北京是中国的首都",
    "Boats sail on the rivers",
]
TOKENIZE = Tokenizer()


def naive(texts: list[str], query: str, k1: float, b: float) -> Ranked:
    """Lucene's BM25, from the formula: idf(t) tf / (tf + k1 (1 - b + b length / mean length))."""
    documents = [TOKENIZE(text) for text in texts]
    mean = sum(map(len, documents)) / len(documents)
    scored = []
    for row, document in enumerate(documents):
        counts, score = Counter(document), 0.0
        for term in TOKENIZE(query):
            df = sum(term in other for other in documents)
            idf = math.log(1 + (len(documents) - df + 0.5) / (df + 0.5))
            norm = k1 * (1 - b + b * len(document) / mean)
            score += idf * counts[term] / (counts[term] + norm) if counts[term] else 0.0
        scored.append((row, score))
    return sorted([pair for pair in scored if pair[1] > 0], key=lambda pair: (-pair[1], pair[0]))


def build(folder: Path, texts: list[str], k1: float = K1, b: float = B) -> SparseIndex:
    write_sparse(folder, texts, k1=k1, b=b, tokenizer=TOKENIZE)
    return SparseIndex(folder, TOKENIZE)


@pytest.mark.parametrize(("k1", "b"), [(K1, B), (0.9, 0.4), (2.0, 1.0)])
@pytest.mark.parametrize(
    "query", ["river", "rivers river boat", "the northern NORTH", "首都", "boats 北京 unknown"]
)
def test_agrees_with_the_formula(tmp_path: Path, query: str, k1: float, b: float) -> None:
    (ranked,) = build(tmp_path, TEXTS, k1, b).search([query], 10)
    expected = naive(TEXTS, query, k1, b)
    assert [row for row, _ in ranked] == [row for row, _ in expected]
    assert [s for _, s in ranked] == pytest.approx([s for _, s in expected], rel=1e-5)


def test_the_same_stem_is_found_whatever_the_form_asked(tmp_path: Path) -> None:
    index = build(tmp_path, TEXTS)
    assert index.search(["sailing boat"], 5) == index.search(["Boats sail"], 5)
    assert len(index.search(["sailing boat"], 5)[0]) == 2


def test_ties_keep_corpus_order(tmp_path: Path) -> None:
    (ranked,) = build(tmp_path, TEXTS).search(["boat"], 1)
    assert [row for row, _ in ranked] == [1]


def test_unknown_empty_and_stop_words_find_nothing(tmp_path: Path) -> None:
    assert build(tmp_path, TEXTS).search(["zebra", "", "the of"], 5) == [[], [], []]


def test_a_filter_applies_before_ranking(tmp_path: Path) -> None:
    keep = np.array([False, False, True, True, True, True])
    (ranked,) = build(tmp_path, TEXTS).search(["river north"], 2, keep)
    assert [row for row, _ in ranked] == [2, 5]


def test_a_corpus_without_any_term_can_be_indexed(tmp_path: Path) -> None:
    assert build(tmp_path, ["the", "?!"]).search(["the river"], 3) == [[]]


def test_equal_corpora_give_equal_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        build(tmp_path / name, TEXTS)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_nothing_is_pickled_and_scores_are_mapped(tmp_path: Path) -> None:
    index = build(tmp_path, TEXTS)
    assert all(file.suffix in {".npy", ".json"} for file in tmp_path.iterdir())
    assert isinstance(index._scores.scores["data"], np.memmap)
