"""Beam search over steps, guided by process scores."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.protocols import Aggregation, Judges
from ragreason.search.guided import candidate_scores, choice_marks, lacking
from ragreason.search.rank import by_outcome
from ragreason.search.siblings import families
from ragreason.tree import ROOT, Decision, Finish, Mark, Tree
from ragreason.types import Usage


@dataclass(frozen=True)
class Beam:
    """Keep the `width` best partial trajectories; each goes on by `branching` proposals a step.

    The first step asks for `width` x `branching` proposals in one request. After each wave the best
    by aggregated process score are kept, ties in the order they were added; identical siblings are
    one candidate. A finished one that is kept has its place for good. A place is lost where a
    trajectory finishes, and where proposals fail or score below `prune_below`, so the width never
    grows and dead ends end the search early; nothing is refilled or copied. At most `max_depth`
    waves. Source: arXiv 2408.03314.
    """

    wants: ClassVar[frozenset[Judges]] = frozenset({"step", "trajectory"})
    requires: ClassVar[frozenset[Judges]] = frozenset({"step"})
    scales: ClassVar[str] = "width"

    width: Annotated[int, Field(ge=1, le=256)] = 4
    branching: Annotated[int, Field(ge=1, le=64)] = 4
    max_depth: Annotated[int, Field(ge=1, le=100)] = 8
    prune_below: float | None = None
    aggregation: Aggregation | None = None

    def decide(self, tree: Tree, spent: Usage) -> Decision:
        """Ask for the next wave, or finish where no kept trajectory is open.

        Raises VerifierError where a candidate has no score.
        """
        del spent
        *_, wave = self._waves(tree)
        return lacking(tree, self._wanted(wave)) or self.finish(tree)

    def finish(self, tree: Tree) -> Finish:
        """All finished ones by outcome; where the verifier gives none, by aggregated steps."""
        return by_outcome(tree, self.aggregation)

    def marks(self, tree: Tree) -> Mapping[int, Mark]:
        """Each proposal's score; given up are failed ones and, but for answers, those not kept."""
        waves = ((wave.proposed, wave.kept) for wave in self._waves(tree))
        return choice_marks(tree, self.aggregation, waves)

    def _wanted(self, wave: "_Wave") -> list[tuple[int, int]]:
        first = self.width * self.branching
        return [(node, first if node == ROOT else self.branching) for node in wave.open]

    def _waves(self, tree: Tree) -> "Iterator[_Wave]":
        """The start, and each wave that was asked for with what was kept of it."""
        wave = _Wave((), (), (ROOT,), self.width)
        yield wave
        for depth in count(1):
            if not wave.open or lacking(tree, self._wanted(wave)):
                return
            wave = self._kept(tree, wave, depth)
            yield wave

    def _kept(self, tree: Tree, last: "_Wave", depth: int) -> "_Wave":
        proposed = tuple(child for node in last.open for child in tree.children(node))
        found = [f for node in last.open for f in families(tree, tree.children(node))]
        scores = candidate_scores(tree, [family[0] for family in found], self.aggregation)
        alive = [f for f in found if self.prune_below is None or scores[f[0]] >= self.prune_below]
        places = min(last.places, sum(map(len, alive)))  # a duplicate keeps its place open
        best = sorted((family[0] for family in alive), key=lambda node: -scores[node])[:places]
        going = tuple(node for node in best if not tree.finished(node))
        return _Wave(
            proposed=proposed,
            kept=tuple(best),
            open=going if depth < self.max_depth else (),
            places=places - (len(best) - len(going)),
        )


@dataclass(frozen=True)
class _Wave:
    """What came of one wave; `places` is how many trajectories may be kept of the next."""

    proposed: tuple[int, ...]
    kept: tuple[int, ...]
    open: tuple[int, ...]
    places: int
