"""Diverse verifier tree search: independent greedy searches, guided by process scores."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.protocols import Aggregation, Judges
from ragreason.search.guided import candidate_scores, choice_marks, lacking
from ragreason.search.rank import by_outcome
from ragreason.tree import ROOT, Decision, Finish, Mark, Tree
from ragreason.types import Usage


@dataclass(frozen=True)
class DVTS:
    """`subtrees` independent searches; in each, every step keeps the best of `branching` proposals.

    The root gives each subtree its share of one request of `subtrees` x `branching` proposals, in
    order. Best is by aggregated process score, ties the one added first. A subtree ends when its
    trajectory is finished, when all its proposals fail, or at `max_depth`; the others go on, all in
    one wave a depth. No subtree sees another's candidates, so one high score can't crowd out the
    rest. Source: search-and-learn, "Scaling test-time compute with open models", Hugging Face 2024.
    """

    wants: ClassVar[frozenset[Judges]] = frozenset({"step", "trajectory"})
    requires: ClassVar[frozenset[Judges]] = frozenset({"step"})
    scales: ClassVar[str] = "subtrees"

    subtrees: Annotated[int, Field(ge=1, le=256)] = 4
    branching: Annotated[int, Field(ge=1, le=64)] = 4
    max_depth: Annotated[int, Field(ge=1, le=100)] = 8
    aggregation: Aggregation | None = None

    def decide(self, tree: Tree, spent: Usage) -> Decision:
        """Ask for the next step of every open subtree, or finish where none is open.

        Raises VerifierError where a candidate has no score.
        """
        del spent
        going: Sequence[int] = (ROOT,)
        for depth, (_, kept) in enumerate(self._waves(tree), start=1):
            going = _open(tree, kept) if depth < self.max_depth else ()
        return lacking(tree, self._wanted(going)) or self.finish(tree)

    def finish(self, tree: Tree) -> Finish:
        """All finished ones by outcome; where the verifier gives none, by aggregated steps."""
        return by_outcome(tree, self.aggregation)

    def marks(self, tree: Tree) -> Mapping[int, Mark]:
        """Each proposal's score; given up are all but answers and each subtree's best step."""
        return choice_marks(tree, self.aggregation, self._waves(tree))

    def _wanted(self, nodes: Sequence[int]) -> list[tuple[int, int]]:
        first = self.subtrees * self.branching
        return [(node, first if node == ROOT else self.branching) for node in nodes]

    def _waves(self, tree: Tree) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
        """The waves that were asked for: their proposals, and each subtree's best one."""
        going: Sequence[int] = (ROOT,)
        for _ in range(self.max_depth):
            if not going or lacking(tree, self._wanted(going)):
                return
            shares = [share for node in going for share in self._shares(tree, node)]
            best = [self._best(tree, share) for share in shares]
            kept = [node for node in best if node is not None]
            yield [node for share in shares for node in share], kept
            going = _open(tree, kept)

    def _shares(self, tree: Tree, node: int) -> list[Sequence[int]]:
        """Whose proposals they are: the root's are dealt out, all others belong to one subtree."""
        children = tree.children(node)
        if node != ROOT:
            return [children]
        starts = range(0, self.subtrees * self.branching, self.branching)
        return [children[start : start + self.branching] for start in starts]

    def _best(self, tree: Tree, share: Sequence[int]) -> int | None:
        alive = [node for node in share if not tree.failed(node)]
        scores = candidate_scores(tree, alive, self.aggregation)
        return max(alive, key=lambda node: scores[node], default=None)


def _open(tree: Tree, kept: Sequence[int]) -> Sequence[int]:
    return tuple(node for node in kept if not tree.finished(node))
