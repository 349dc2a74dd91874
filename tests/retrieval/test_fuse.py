import pytest

from ragreason.errors import ConfigError
from ragreason.retrieval.fuse import reciprocal_rank_fusion


def test_sums_reciprocal_ranks() -> None:
    fused = reciprocal_rank_fusion([["a", "b"], ["b", "c", "a"]])
    assert fused == {
        "a": pytest.approx(1 / 61 + 1 / 63),
        "b": pytest.approx(1 / 62 + 1 / 61),
        "c": pytest.approx(1 / 62),
    }


def test_the_documented_value() -> None:
    assert reciprocal_rank_fusion([["a", "b"], ["a"]])["a"] == pytest.approx(2 / 61)


def test_c_damps_the_top_ranks() -> None:
    assert reciprocal_rank_fusion([["a", "b"]], c=0) == {"a": 1.0, "b": 0.5}
    with pytest.raises(ConfigError, match="c of reciprocal rank fusion is -1"):
        reciprocal_rank_fusion([["a"]], c=-1)


def test_nothing_fuses_to_nothing() -> None:
    assert reciprocal_rank_fusion([]) == reciprocal_rank_fusion([[], []]) == {}
