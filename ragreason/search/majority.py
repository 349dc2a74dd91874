"""Majority vote over independent samples: self-consistency."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.protocols import Judges
from ragreason.search.sampling import widen
from ragreason.search.voting import ballots, ranked
from ragreason.tree import Decision, Finish, Mark, Tree
from ragreason.types import Usage


@dataclass(frozen=True)
class Majority:
    """Sample `n` trajectories of at most `max_depth` steps; the answer given most often wins.

    Answers are the same vote where `text.votes.vote_key` says so. Ties: the answer seen first. An
    empty answer, left to the answer node, does not vote. Needs no verifier. Source:
    self-consistency, arXiv 2203.11171.
    """

    wants: ClassVar[frozenset[Judges]] = frozenset()
    scales: ClassVar[str] = "n"
    tops_up: ClassVar[bool] = True

    n: Annotated[int, Field(ge=1, le=256)] = 8
    max_depth: Annotated[int, Field(ge=1, le=100)] = 8

    def decide(self, tree: Tree, spent: Usage) -> Decision:
        """Open `n` branches at the root, extend each open one by one step, then finish."""
        del spent
        return widen(tree, self.n, self.max_depth) or self.finish(tree)

    def finish(self, tree: Tree) -> Finish:
        """The answers by their share of the votes; empty ones come last, with 0."""
        groups = ballots(tree)
        voting = sum(map(len, groups))
        return ranked(tree, [(group, len(group) / voting) for group in groups])

    def marks(self, tree: Tree) -> Mapping[int, Mark]:
        """Each answer's share of the votes."""
        return {node: Mark(value=share) for node, share in self.finish(tree).nodes}
