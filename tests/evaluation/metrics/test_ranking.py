"""Measures of rankings against a naive second implementation."""

from math import log2

import pytest
from hypothesis import given, settings, strategies as st

from ragreason.evaluation.metrics.ranking import CUTS, ranking_scores

IDS = st.lists(st.sampled_from("abcdefgh"), max_size=30)
MANY = st.lists(st.integers(0, 40).map(str), max_size=60)
NEEDED = st.lists(st.integers(0, 40).map(str), min_size=1, max_size=6, unique=True)


def naive(retrieved: list[str], needed: list[str], grades: dict[str, int]) -> dict[str, float]:
    distinct: list[str] = []
    for passage in retrieved:
        if passage not in distinct:
            distinct.append(passage)
    found = {}
    for k in CUTS:
        hits = sum(1 for passage in distinct[:k] if passage in needed)
        found[f"recall@{k}"] = hits / len(needed)
        found[f"all_support@{k}"] = 1.0 if hits == len(needed) else 0.0
    ranks = [rank for rank, passage in enumerate(distinct, 1) if passage in needed]
    found["mrr"] = 1 / ranks[0] if ranks else 0.0
    found["map"] = sum(i / rank for i, rank in enumerate(ranks, 1)) / len(needed)
    gains = [grades.get(p, 1) if p in needed else 0 for p in distinct[:10]]
    ideal = sorted((grades.get(p, 1) for p in needed), reverse=True)[:10]
    dcg, best = (sum(g / log2(i + 1) for i, g in enumerate(some, 1)) for some in (gains, ideal))
    found["ndcg@10"] = dcg / best
    return found


@settings(derandomize=True, deadline=None)
@given(MANY, NEEDED, st.dictionaries(st.integers(0, 40).map(str), st.integers(1, 3)))
def test_equals_the_naive_implementation(
    retrieved: list[str], needed: list[str], grades: dict[str, int]
) -> None:
    assert ranking_scores(retrieved, needed, grades) == pytest.approx(
        naive(retrieved, needed, grades), abs=1e-6
    )


@settings(derandomize=True, deadline=None)
@given(IDS)
def test_repetitions_count_where_they_stood_first(retrieved: list[str]) -> None:
    once = list(dict.fromkeys(retrieved))
    assert ranking_scores(retrieved, ["a", "b"]) == ranking_scores(once, ["a", "b"])


def test_nothing_needed_is_no_score_and_nothing_retrieved_is_zero() -> None:
    assert ranking_scores(["a"], []) == {}
    assert set(ranking_scores([], ["a"]).values()) == {0.0}
    assert ranking_scores([], ["a"]).keys() == ranking_scores(["a"], ["a"]).keys()


def test_order_of_retrieval_is_the_ranking_whatever_the_ids_are() -> None:
    """Tools that sort equal scores by id would put "z" and "10" elsewhere."""
    assert ranking_scores(["z", "a"], ["z"])["mrr"] == 1.0
    assert ranking_scores(["a", "z"], ["z"])["mrr"] == 0.5
    assert ranking_scores(["9", "10"], ["10"])["mrr"] == 0.5


def test_a_long_ranking_is_scored_to_its_end() -> None:
    long = [str(i) for i in range(1_500)]
    scores = ranking_scores(long, ["1499"])
    assert scores["map"] == pytest.approx(1 / 1_500)
    assert scores["recall@20"] == 0.0


def test_the_prefix_names_the_passages_of_the_prompt() -> None:
    assert set(ranking_scores(["a"], ["a"], prefix="prompt_")) >= {"prompt_mrr", "prompt_recall@5"}
