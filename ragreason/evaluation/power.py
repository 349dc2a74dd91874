"""How large a difference must be for a comparison of this size to find it."""

from statistics import NormalDist

import numpy as np

from ragreason.evaluation.statistics import Values, paired_differences

ALPHA = 0.05
POWER = 0.8


def minimal_detectable_difference(
    values: Values, others: Values | None = None, *, alpha: float = ALPHA, power: float = POWER
) -> float | None:
    """The smallest true difference of two means that a two-sided test at `alpha` finds with the
    chance `power`, in the unit of the values; None for fewer than two questions.

    (z(1 - alpha / 2) + z(power)) s / sqrt(n), where s is the standard deviation of the paired
    differences, or, without `others`, that of the difference to an independent run that spreads as
    `values` do: sqrt(2) theirs, which pairing makes smaller where both runs find the same questions
    hard. Source: Miller, Adding Error Bars to Evals, 2024, section 5; Card et al., EMNLP 2020.
    200 values, half of them 0 and half 1, give 0.140.
    """
    if others is None:
        array = np.asarray(values, dtype=np.float64)
        scale = np.sqrt(2)
    else:
        array = paired_differences(values, others)
        scale = 1.0
    if array.size < 2:
        return None
    normal = NormalDist()
    reach = normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)
    return float(reach * scale * array.std(ddof=1) / np.sqrt(array.size))
