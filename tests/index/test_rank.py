import numpy as np
from hypothesis import given, strategies as st

from ragreason.index.rank import best, in_order


def test_ties_keep_corpus_order() -> None:
    scores = np.array([1, 3, 1, 3], dtype=np.float32)
    assert [row for row, _ in best(scores, scores > 0, 3)] == [1, 3, 0]
    assert in_order([2, 0, 1], [0.5, 0.5, 0.9]) == [(1, 0.9), (0, 0.5), (2, 0.5)]


@given(st.lists(st.integers(0, 4), max_size=30), st.integers(1, 12))
def test_the_best_are_those_of_a_full_sort(values: list[int], k: int) -> None:
    scores = np.array(values, dtype=np.float32)
    among = scores != 2
    expected = sorted((i for i in range(len(values)) if among[i]), key=lambda i: (-values[i], i))
    assert [row for row, _ in best(scores, among, k)] == expected[:k]


def test_nothing_among_nothing() -> None:
    assert best(np.zeros(3, dtype=np.float32), np.zeros(3, dtype=np.bool_), 2) == []
    assert best(np.ones(0, dtype=np.float32), np.ones(0, dtype=np.bool_), 2) == []
