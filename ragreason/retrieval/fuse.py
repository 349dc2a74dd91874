"""Several rankings to one."""

from collections.abc import Hashable, Sequence
from typing import TypeVar

from ragreason.errors import ConfigError

K = TypeVar("K", bound=Hashable)


def reciprocal_rank_fusion(rankings: Sequence[Sequence[K]], c: float = 60.0) -> dict[K, float]:
    """Sum 1 / (c + rank) over the rankings, ranks from 1.

    `rankings` holds best-first passage ids (or rows), one list per retriever. A passage missing
    from a list adds 0. Raises `ConfigError` if `c` < 0. Source: Cormack et al., SIGIR 2009.
    [["a", "b"], ["a"]] gives a = 2/61.
    """
    if c < 0:
        raise ConfigError(f"c of reciprocal rank fusion is {c}, expected 0 or more")
    fused: dict[K, float] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranking, 1):
            fused[key] = fused.get(key, 0.0) + 1.0 / (c + rank)
    return fused
