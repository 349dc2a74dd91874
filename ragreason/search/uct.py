"""How urgent it is to visit a child: the formulas that balance what is known and what isn't."""

from math import inf, log, sqrt

UCT_C = 1.4
"""About the square root of 2, for values in [0, 1]."""


def uct(value: float, visits: int, parent_visits: int, c: float) -> float:
    """Q + c * sqrt(ln N_parent / N): Q the mean value in [0, 1], N its visits.

    A child without visits is infinitely urgent, so each is tried once; with c = 0 it is as urgent
    as `value`. Q = 0.5, N = 4, N_parent = 16, c = 1.4 give 1.6656. Source: Kocsis and Szepesvari,
    "Bandit based Monte-Carlo planning", 2006.
    """
    if c == 0:
        return value
    return inf if visits == 0 else value + c * sqrt(log(parent_visits) / visits)


def puct(value: float, prior: float, visits: int, parent_visits: int, c: float) -> float:
    """Q + P * c * sqrt(N_parent) / (1 + N): P the policy's share of probability for the child.

    Q = 0.5, P = 0.25, N = 4, N_parent = 16, c = 1.25 give 0.75. Source: AlphaZero, Silver et al.,
    Science 362, 2018.
    """
    return value + prior * c * sqrt(parent_visits) / (1 + visits)


def puct_c(parent_visits: int) -> float:
    """ln((N_parent + 19653) / 19652) + 1.25: AlphaZero's exploration, which grows slowly."""
    return log((parent_visits + 19653) / 19652) + 1.25
