"""Adaptive self-consistency: votes are drawn a few at a time, until the leader is safe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.protocols import Judges
from ragreason.search.majority import Majority
from ragreason.search.rank import open_leaves
from ragreason.search.voting import ballots
from ragreason.tree import ROOT, Decision, Expand, Finish, Mark, Tree
from ragreason.types import Usage


@dataclass(frozen=True)
class AdaptiveMajority:
    """Majority vote of at most `n` trajectories that stops when the leader is safe.

    `first` samples are drawn at once, then `wave` at a time. It stops between waves when, with
    probability `confidence`, the leader would beat the runner-up if sampling went on for ever, and
    at any time when the samples that are left can't overtake the leader. Four that agree give 0.97,
    three 0.94: a smaller `first` saves nothing at 0.95. With `confidence` 1 it gives the same
    answer as `majority`, whose rules for equal, empty and tied answers are its own. Source:
    Adaptive-Consistency, arXiv 2305.11860.
    """

    wants: ClassVar[frozenset[Judges]] = frozenset()
    scales: ClassVar[str] = "n"
    tops_up: ClassVar[bool] = True

    n: Annotated[int, Field(ge=1, le=256)] = 8
    first: Annotated[int, Field(ge=1, le=256)] = 4
    wave: Annotated[int, Field(ge=1, le=256)] = 1
    confidence: Annotated[float, Field(ge=0.5, le=1)] = 0.95
    max_depth: Annotated[int, Field(ge=1, le=100)] = 8

    def decide(self, tree: Tree, spent: Usage) -> Decision:
        """Extend open branches by one step; when all have ended, open the next wave or finish."""
        del spent
        asked = tree.asked.get(ROOT, 0)
        going = open_leaves(tree, self.max_depth)
        votes = [len(group) for group in ballots(tree)]
        if _decided(votes, max(0, self.n - asked) + len(going)):
            return self.finish(tree)
        if going:
            return Expand(tuple((leaf, 1) for leaf in going))
        # Not sooner: the branches that end first are the short ones, no fair sample of all.
        if asked >= self.n or _safe(votes, self.confidence):
            return self.finish(tree)
        size = self.wave if asked >= self.first else self.first - asked
        return Expand(((ROOT, min(size, self.n - asked)),))

    def finish(self, tree: Tree) -> Finish:
        """The answers by their share of the votes; empty ones come last, with 0."""
        return Majority().finish(tree)

    def marks(self, tree: Tree) -> Mapping[int, Mark]:
        """Each answer's share of the votes."""
        return Majority().marks(tree)


def leads(first: int, second: int) -> tuple[int, int]:
    """How sure it is that an answer with `first` votes is more likely than one with `second`, as a
    fraction: numerator and denominator, both exact.

    The probability that p > 1/2 where p, the leader's share among the two, is distributed as
    Beta(first + 1, second + 1), which is what the votes say if every share was as likely before.
    For whole numbers that is the sum of C(m, j) / 2^m over j = 0 to `first`, m = first + second +
    1. (4, 0) gives 31/32, (3, 1) gives 26/32, (k, k) gives one half. Source: arXiv 2305.11860.
    """
    m = first + second + 1
    return sum(comb(m, j) for j in range(first + 1)), 2**m


def _safe(votes: Sequence[int], confidence: float) -> bool:
    """Whether the leader is more likely than the runner-up, with at least this confidence."""
    if not votes:
        return False
    most, second, *_ = (*sorted(votes, reverse=True), 0)
    sure, whole = leads(most, second)
    return sure >= confidence * whole  # whole is a power of 2: nothing is rounded


def _decided(votes: Sequence[int], left: int) -> bool:
    """Whether `left` more votes can't change the leader; of equals, the one seen first leads."""
    if not votes or left > max(votes):
        return False
    leader = votes.index(max(votes))
    return all(
        count + left < votes[leader] + (place > leader)
        for place, count in enumerate(votes)
        if place != leader
    )
