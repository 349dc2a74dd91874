"""Monte-Carlo tree search over steps, guided by process and outcome scores."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ragreason.errors import VerifierError
from ragreason.protocols import Aggregation, Judges
from ragreason.search.rank import is_empty
from ragreason.search.simulations import Simulations
from ragreason.tree import Decision, Finish, Mark, Tree
from ragreason.types import Usage


@dataclass(frozen=True)
class MCTS:
    """`simulations` walks from the root to a leaf, each of which is expanded and backed up.

    The root is expanded once, before the first. A simulation goes down by the most urgent child
    (`formula`; ties: the better judged, then the likelier, then the earlier) to a leaf, asks for
    `branching` proposals there, and adds the leaf's value to the running mean of each node on its
    way. `parallel` simulations make a wave whose leaves expand at once: until it is over, each
    counts as a visit of value 0 on its way (virtual loss; Chaslot et al. 2008), and leaves that are
    in the wave are passed over while there are others. So there are at most simulations / parallel
    waves, rounded up, and one for the root; a wave may visit a leaf twice where it has too few.
    A simulation that ends at an answer, at `max_depth`, or where all proposals failed, asks for
    nothing and counts. Identical siblings are one child, with the sum of their priors.

    - A leaf's value is (1 - `mix`) * process + `mix` * outcome score, or the one of them there is.
      Without either it is `first_play_urgency`, else 0.5; a dead end is worth the lowest score.
    - `roll_out`: from the leaf the first proposals are followed to an answer, one step at a time,
      and the value of that end is backed up. The steps stay, as first children. For verifiers that
      score outcomes only.
    - `formula`: "uct", where an unvisited child is infinitely urgent, so each is tried once; or
      "puct", where priors are softmax-normalised mean token log-probabilities, and an unvisited
      child has the value its verdicts give it. `first_play_urgency` sets what it has instead (Gelly
      and Wang 2006): in "uct" its urgency, in "puct" its value.
    - `exploration` is the formula's c; 0 is greedy. None takes the published one: 1.4 for "uct",
      AlphaZero's growing c(N) for "puct". These are for many simulations: with tens of them the
      search stays near the root and finds no answers, unless it rolls out (docs/log.md).
    - Formulas take values in [0, 1]. Scores there are used as they are; once one outside was seen,
      the lowest and highest seen so far become 0 and 1 (`search.scale`).
    - `best`: answers by their "value", or by "visits", ties by value.

    Sources: UCT, Kocsis and Szepesvari 2006; PUCT, AlphaZero, Silver et al. 2018.
    """

    wants: ClassVar[frozenset[Judges]] = frozenset({"step", "trajectory"})
    requires: ClassVar[frozenset[Judges]] = frozenset({"step", "trajectory"})
    scales: ClassVar[str] = "simulations"

    simulations: Annotated[int, Field(ge=1, le=10_000)] = 16
    branching: Annotated[int, Field(ge=1, le=64)] = 4
    max_depth: Annotated[int, Field(ge=1, le=100)] = 8
    parallel: Annotated[int, Field(ge=1, le=256)] = 4
    formula: Literal["uct", "puct"] = "puct"
    exploration: Annotated[float, Field(ge=0)] | None = 0.2
    first_play_urgency: Annotated[float, Field(ge=0, le=1)] | None = None
    roll_out: bool = False
    mix: Annotated[float, Field(ge=0, le=1)] = 0.5
    best: Literal["visits", "value"] = "value"
    aggregation: Aggregation | None = None

    @property
    def priors(self) -> bool:
        """Whether it looks at how likely its proposals are."""
        return self.formula == "puct"

    def decide(self, tree: Tree, spent: Usage) -> Decision:
        """What the simulations need next; the best answers when all of them are done.

        Raises VerifierError where only some of a node's children have scores.
        """
        del spent
        search = Simulations(tree, self)
        return search.run() or self._ranked(search)

    def finish(self, tree: Tree) -> Finish:
        """Answers by `best`. One without a verdict comes last, an empty one last among equals."""
        return self._ranked(self._replayed(tree))

    def marks(self, tree: Tree) -> Mapping[int, Mark]:
        """Visits and mean value of each node; given up are failed proposals and, but for answers,
        duplicates.
        """
        search = self._replayed(tree)
        kept = {child for children in search.children.values() for child in children}
        return {
            node: Mark(
                visits=search.visits[node],
                value=search.means.get(node, search.own_value(node)),
                pruned=tree.failed(node)
                or (
                    tree.parent(node) in search.children
                    and node not in kept
                    and not tree.finished(node)
                ),
            )
            for node in range(len(tree))
        }

    def _replayed(self, tree: Tree) -> Simulations:
        search = Simulations(tree, self)
        with suppress(VerifierError):  # a budget may end a search before its last wave is judged
            search.run()
        return search

    def _ranked(self, search: Simulations) -> Finish:
        tree = search.tree
        values = {node: search.own_value(node) for node in tree.answers}
        floor = min((0.0, *(value for value in values.values() if value is not None)))
        worth = {node: floor if value is None else value for node, value in values.items()}
        visits = {node: float(search.visits[node]) for node in worth}
        weights = visits if self.best == "visits" else worth
        best = sorted(
            worth,
            key=lambda node: (
                -weights[node],
                -worth[node],
                values[node] is None,
                is_empty(tree, node),
            ),
        )
        return Finish(tuple((node, weights[node]) for node in best))
