"""Best-of-N: N independent trajectories, the one with the best outcome score."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.protocols import Judges
from ragreason.search.rank import by_outcome, open_leaves
from ragreason.tree import ROOT, Decision, Expand, Finish, Tree
from ragreason.types import Usage


@dataclass(frozen=True)
class BestOfN:
    """Sample `n` trajectories of at most `max_depth` steps; the best outcome score wins.

    Width shrinks as trajectories finish; nothing is refilled. Source: arXiv 2211.14275.
    """

    wants: ClassVar[frozenset[Judges]] = frozenset({"trajectory"})

    n: Annotated[int, Field(ge=1, le=256)] = 4
    max_depth: Annotated[int, Field(ge=1, le=100)] = 8

    def decide(self, tree: Tree, spent: Usage) -> Decision:
        """Open `n` branches at the root, extend each open one by one step, then finish."""
        del spent
        if not tree.children(ROOT):
            return Expand(((ROOT, self.n),))
        going = open_leaves(tree, self.max_depth)
        return Expand(tuple((leaf, 1) for leaf in going)) if going else self.finish(tree)

    def finish(self, tree: Tree) -> Finish:
        """The best of what is there."""
        return by_outcome(tree)
