"""How far two judgements of the same answers agree."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Agreement:
    """Over `n` answers: `accuracy` is the share judged alike, `kappa` that share beyond chance,
    None where chance alone explains it (both gave everything one label). `only_first` and
    `only_second` count the answers that one judgement holds to be right and the other wrong.
    """

    n: int
    accuracy: float
    kappa: float | None
    only_first: int
    only_second: int


def agreement(first: Sequence[bool], second: Sequence[bool]) -> Agreement:
    """Cohen's kappa, (p - e) / (1 - e): p the share judged alike, e the share that independent
    judgements with the same numbers of rights would judge alike.

    Raises ValueError for lengths that differ and for none. Source: Cohen, Educational and
    Psychological Measurement 20(1), 1960. (1, 1, 0, 0) and (1, 0, 0, 0) give accuracy 3/4 and
    kappa 1/2.
    """
    if len(first) != len(second) or not first:
        raise ValueError(f"{len(first)} judgements can't be held against {len(second)}")
    n = len(first)
    alike = sum(bool(a) == bool(b) for a, b in zip(first, second, strict=True)) / n
    one, other = sum(map(bool, first)) / n, sum(map(bool, second)) / n
    chance = one * other + (1 - one) * (1 - other)
    pairs = list(zip(map(bool, first), map(bool, second), strict=True))
    return Agreement(
        n=n,
        accuracy=alike,
        kappa=None if chance == 1.0 else (alike - chance) / (1 - chance),
        only_first=pairs.count((True, False)),
        only_second=pairs.count((False, True)),
    )
