"""Sequential revision: each attempt sees the last one and what was held against it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.protocols import Aggregation, Judges
from ragreason.search.rank import by_outcome
from ragreason.search.scores import attempt_start, outcome_score
from ragreason.tree import ROOT, Decision, Expand, Finish, Mark, Tree
from ragreason.types import Usage


@dataclass(frozen=True)
class Revise:
    """Attempt, be judged, attempt again: at most `attempts`, each of at most `max_depth` steps.

    An attempt goes on from the answer before it, so its prompt shows that answer and the verdict on
    it. It stops early at an outcome score of at least `enough`, and where an attempt fails or does
    not answer within its steps. The best attempt by outcome is kept, the earliest of equals; an
    attempt is scored by its own steps where only steps are. Source: sequential revisions, arXiv
    2408.03314; verdicts as feedback, arXiv 2303.17651.
    """

    wants: ClassVar[frozenset[Judges]] = frozenset({"trajectory"})
    requires: ClassVar[frozenset[Judges]] = frozenset({"trajectory", "step"})
    scales: ClassVar[str] = "attempts"
    revises: ClassVar[bool] = True

    attempts: Annotated[int, Field(ge=1, le=64)] = 3
    max_depth: Annotated[int, Field(ge=1, le=100)] = 8
    enough: float | None = None
    aggregation: Aggregation | None = None

    def decide(self, tree: Tree, spent: Usage) -> Decision:
        """Go on with the attempt, begin the next one, or finish."""
        del spent
        tip = _tip(tree)
        if tip is None:
            return self.finish(tree)
        if tree.finished(tip):
            going = len(tree.answers) < self.attempts and not self._good_enough(tree, tip)
        else:
            going = tree.depth(tip) - attempt_start(tree, tip) < self.max_depth
        return Expand(((tip, 1),)) if going else self.finish(tree)

    def _good_enough(self, tree: Tree, node: int) -> bool:
        score = outcome_score(tree, node, self.aggregation)
        return self.enough is not None and score is not None and score >= self.enough

    def finish(self, tree: Tree) -> Finish:
        """The attempts by outcome."""
        return by_outcome(tree, self.aggregation)

    def marks(self, tree: Tree) -> Mapping[int, Mark]:
        """Each attempt's outcome score."""
        return {n: Mark(value=outcome_score(tree, n, self.aggregation)) for n in tree.answers}


def _tip(tree: Tree) -> int | None:
    """The end of the one chain; None where a proposal failed, which is not tried again."""
    node = ROOT
    while children := tree.children(node):
        if tree.failed(children[0]):
            return None
        node = children[0]
    return node
