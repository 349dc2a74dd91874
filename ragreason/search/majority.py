"""Majority vote over independent samples: self-consistency."""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.protocols import Judges
from ragreason.search.rank import is_empty
from ragreason.search.sampling import widen
from ragreason.text.answers import canonical_answer
from ragreason.tree import Decision, Finish, Tree
from ragreason.types import Usage


@dataclass(frozen=True)
class Majority:
    """Sample `n` trajectories of at most `max_depth` steps; the answer given most often wins.

    Ties: the answer seen first. Needs no verifier. Source: self-consistency, arXiv 2203.11171.
    """

    wants: ClassVar[frozenset[Judges]] = frozenset()
    scales: ClassVar[str] = "n"

    n: Annotated[int, Field(ge=1, le=256)] = 8
    max_depth: Annotated[int, Field(ge=1, le=100)] = 8

    def decide(self, tree: Tree, spent: Usage) -> Decision:
        """Open `n` branches at the root, extend each open one by one step, then finish."""
        del spent
        return widen(tree, self.n, self.max_depth) or self.finish(tree)

    def finish(self, tree: Tree) -> Finish:
        """The answers by their share of the votes; empty ones don't vote and come last."""
        voting = [node for node in tree.answers if not is_empty(tree, node)]
        votes = Counter(_key(tree, node) for node in voting)
        shares = {node: votes[_key(tree, node)] / len(voting) for node in voting}
        weighted = [(node, shares.get(node, 0.0)) for node in tree.answers]
        return Finish(tuple(sorted(weighted, key=lambda pair: -pair[1])))


def _key(tree: Tree, node: int) -> str:
    step = tree.step(node)
    return canonical_answer(step.answer) if step is not None else ""
