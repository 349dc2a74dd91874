import numpy as np
import pytest

from ragreason.index.flat import FlatIndex
from ragreason.protocols import Floats


def unit(rows: int, dim: int = 16, seed: int = 0) -> Floats:
    vectors = np.random.default_rng(seed).normal(size=(rows, dim)).astype(np.float32)
    scaled: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


@pytest.mark.parametrize("queries", [1, 3, 50])
@pytest.mark.parametrize("filtered", [False, True])
def test_agrees_with_every_inner_product(queries: int, filtered: bool) -> None:
    passages, asked = unit(200), unit(queries, seed=1)
    keep = np.arange(200) % 7 == 0 if filtered else None
    scores = asked.astype(np.float64) @ passages.T.astype(np.float64)  # (queries, passages)
    if keep is not None:
        scores[:, ~keep] = -np.inf
    for ranked, row in zip(FlatIndex(passages).search(asked, 10, keep), scores, strict=True):
        assert [r for r, _ in ranked] == np.argsort(-row, kind="stable")[:10].tolist()
        assert [s for _, s in ranked] == pytest.approx(np.sort(row)[::-1][:10].tolist(), abs=2e-6)


def test_ties_keep_corpus_order_also_at_the_bound() -> None:
    passages = np.repeat(unit(3), 40, axis=0)[::-1].copy()
    asked = np.concatenate([passages[:1], unit(30, seed=2)])
    for ranked in FlatIndex(passages).search(asked, 5):
        rows = [row for row, _ in ranked]
        assert rows == list(range(rows[0], rows[0] + 5))
        assert rows[0] % 40 == 0


def test_a_batch_finds_what_single_queries_find() -> None:
    index, asked = FlatIndex(unit(300)), unit(64, seed=3)
    assert index.search(asked, 7) == [index.search(q[None], 7)[0] for q in asked]


def test_fewer_than_k_are_all_found() -> None:
    (ranked,) = FlatIndex(unit(3)).search(unit(1), 10)
    assert sorted(row for row, _ in ranked) == [0, 1, 2]
    (ranked,) = FlatIndex(unit(3)).search(unit(1), 10, np.array([False, True, False]))
    assert [row for row, _ in ranked] == [1]
    assert FlatIndex(unit(3)).search(unit(1), 10, np.zeros(3, dtype=np.bool_)) == [[]]


def test_a_query_of_zeros_finds_nothing() -> None:
    asked = np.concatenate([np.zeros((1, 16), dtype=np.float32), unit(1)])
    first, second = FlatIndex(unit(5)).search(asked, 2)
    assert first == []
    assert len(second) == 2


def test_no_queries_give_no_lists() -> None:
    assert FlatIndex(unit(5)).search(np.zeros((0, 16), dtype=np.float32), 2) == []


def test_scores_that_differ_in_the_seventh_decimal_only_tie_in_any_batch() -> None:
    """In float32 such scores come out in an order that depends on the batch."""
    generator = np.random.default_rng(4)
    around = unit(1, 384, seed=4) + 1e-4 * generator.normal(size=(500, 384)) / 384**0.5
    passages = (around / np.linalg.norm(around, axis=1, keepdims=True)).astype(np.float32)
    asked = np.concatenate([unit(1, 384, seed=4), unit(15, 384, seed=5)])
    index = FlatIndex(passages)
    exact = np.round(asked.astype(np.float64) @ passages.T.astype(np.float64), 6)
    alone = [index.search(query[None], 20)[0] for query in asked]
    assert index.search(asked, 20) == alone
    for ranked, row in zip(alone, exact, strict=True):
        assert [r for r, _ in ranked] == np.argsort(-row, kind="stable")[:20].tolist()
