"""Weighted best-of-N: a vote in which each sample weighs as much as its outcome score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.protocols import Aggregation, Judges
from ragreason.search.sampling import widen
from ragreason.search.scores import outcome_score
from ragreason.search.voting import ballots, ranked
from ragreason.tree import Decision, Finish, Mark, Tree
from ragreason.types import Usage


@dataclass(frozen=True)
class WeightedBestOfN:
    """Sample `n` trajectories of at most `max_depth` steps; the answer whose samples' outcome
    scores sum highest wins, and its best-scored sample is given.

    Answers are the same where `text.votes.vote_key` says so. Ties: the answer seen first. An empty
    answer does not vote; one without a verdict weighs 0. Where a score is below 0, as
    log-likelihoods are, the sum would punish agreement: then all scores s weigh exp(s - the
    highest), so that equal scores still make a majority vote. With a verifier that scores steps
    only, the outcome is the aggregate of a trajectory's steps. Source: arXiv 2211.14275; "Scaling
    test-time compute with open models", Hugging Face 2024.
    """

    wants: ClassVar[frozenset[Judges]] = frozenset({"trajectory"})
    requires: ClassVar[frozenset[Judges]] = frozenset({"trajectory", "step"})
    scales: ClassVar[str] = "n"
    tops_up: ClassVar[bool] = True

    n: Annotated[int, Field(ge=1, le=256)] = 8
    max_depth: Annotated[int, Field(ge=1, le=100)] = 8
    aggregation: Aggregation | None = None

    def decide(self, tree: Tree, spent: Usage) -> Decision:
        """Open `n` branches at the root, extend each open one by one step, then finish."""
        del spent
        return widen(tree, self.n, self.max_depth) or self.finish(tree)

    def finish(self, tree: Tree) -> Finish:
        """The answers by their summed weight, in each answer the best-scored sample first."""
        groups = ballots(tree)
        scores = {n: outcome_score(tree, n, self.aggregation) for group in groups for n in group}
        weights = vote_weights(scores)
        best = [sorted(group, key=lambda node: -weights[node]) for group in groups]
        return ranked(tree, [(group, fsum(weights[n] for n in group)) for group in best])

    def marks(self, tree: Tree) -> Mapping[int, Mark]:
        """Each answer's own outcome score; what its group weighs is its final weight."""
        return {n: Mark(value=outcome_score(tree, n, self.aggregation)) for n in tree.answers}


def vote_weights(scores: Mapping[int, float | None]) -> dict[int, float]:
    """What each score weighs, at least 0: itself; where one is below 0, exp(s - the highest); None
    weighs 0. {1: 0.5, 2: None} stays 0.5 and 0; {1: -1, 2: -2} gives 1 and 0.37.
    """
    known: Sequence[float] = [score for score in scores.values() if score is not None]
    if min(known, default=0.0) >= 0:
        return {node: score or 0.0 for node, score in scores.items()}
    top = max(known)
    return {node: 0.0 if s is None else exp(s - top) for node, s in scores.items()}
