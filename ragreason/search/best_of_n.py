"""Best-of-N: N independent trajectories, the one with the best outcome score."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.protocols import Aggregation, Judges
from ragreason.search.rank import by_outcome
from ragreason.search.sampling import widen
from ragreason.tree import Decision, Finish, Tree
from ragreason.types import Usage


@dataclass(frozen=True)
class BestOfN:
    """Sample `n` trajectories of at most `max_depth` steps; the best outcome score wins.

    With a verifier that scores steps only, the outcome is the aggregate of a trajectory's steps.
    Width shrinks as trajectories finish; nothing is refilled. Source: arXiv 2211.14275.
    """

    wants: ClassVar[frozenset[Judges]] = frozenset({"trajectory"})
    requires: ClassVar[frozenset[Judges]] = frozenset({"trajectory", "step"})
    scales: ClassVar[str] = "n"
    tops_up: ClassVar[bool] = True

    n: Annotated[int, Field(ge=1, le=256)] = 4
    max_depth: Annotated[int, Field(ge=1, le=100)] = 8
    aggregation: Aggregation | None = None

    def decide(self, tree: Tree, spent: Usage) -> Decision:
        """Open `n` branches at the root, extend each open one by one step, then finish."""
        del spent
        return widen(tree, self.n, self.max_depth) or self.finish(tree)

    def finish(self, tree: Tree) -> Finish:
        """The best of what is there."""
        return by_outcome(tree, self.aggregation)
