"""Greedy: one trajectory, one proposal a step."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.protocols import Judges
from ragreason.search.rank import by_outcome
from ragreason.search.sampling import widen
from ragreason.tree import Decision, Finish, Tree
from ragreason.types import Usage


@dataclass(frozen=True)
class Greedy:
    """Follow one trajectory until it answers or has `max_depth` steps."""

    wants: ClassVar[frozenset[Judges]] = frozenset({"trajectory"})
    tops_up: ClassVar[bool] = True

    max_depth: Annotated[int, Field(ge=1, le=100)] = 8

    def decide(self, tree: Tree, spent: Usage) -> Decision:
        """Extend the only leaf."""
        del spent
        return widen(tree, 1, self.max_depth) or self.finish(tree)

    def finish(self, tree: Tree) -> Finish:
        """The one answer, if there is one."""
        return by_outcome(tree)
