"""Searches in a plain loop: no LangGraph, no event loop, the same tree as `ragreason.reason`."""

from collections.abc import Sequence
from dataclasses import dataclass

from ragreason.errors import ConfigError
from ragreason.ledger import Meter, metering
from ragreason.protocols import Policy, Strategy, Verifier
from ragreason.search.needs import lacking_verifier
from ragreason.search.scores import with_aggregation
from ragreason.simulation.waves import expanded, judged
from ragreason.tree import Added, Event, Expand, Finish, RollOut, Tree
from ragreason.types import Budget, Question, Usage


@dataclass(frozen=True)
class Simulated:
    """One question's search. `best`: finished nodes with their weights, best first.

    `waves` counts the rounds of proposals that a strategy waited for; `forced` says which bound
    ended it, empty if the strategy did.
    """

    tree: Tree
    best: tuple[tuple[int, float], ...]
    usage: Usage
    waves: int
    forced: str = ""

    @property
    def answer(self) -> str:
        """The best one's; empty if nothing was finished."""
        return (self.tree.trajectory(self.best[0][0]).answer or "") if self.best else ""


def simulate(
    question: Question,
    *,
    policy: Policy,
    strategy: Strategy,
    verifier: Verifier | None = None,
    seed: int = 0,
    budget: Budget | None = None,
) -> Simulated:
    """Search without waiting: for policies and verifiers that never do, as the simulated ones.

    Gives the tree, the best and the usage that `ragreason.reason` gives for the same seed, some
    times faster; searches of steps are not run. Raises ConfigError for a strategy that lacks its
    verifier, and for a part that waits; VerifierError as the parts do.
    """
    wrong = lacking_verifier(strategy, verifier)
    if wrong:
        raise ConfigError(wrong)
    strategy = with_aggregation(strategy, verifier)
    meter, events, waves, forced = Meter(budget), list[Event](), 0, ""
    tree = Tree()
    with metering(meter):
        decision = strategy.decide(tree, meter.spent)
        while not isinstance(decision, Finish):
            limit = meter.reached()
            if limit is not None:
                forced = f"budget of {limit}"
            else:
                found, forced = expanded(policy, question, tree, _wanted(decision), seed)
                meter.step(sum(isinstance(event, Added) for event in found))
                verdicts, stopped = judged(verifier, strategy, question, Tree([*events, *found]))
                events += [*found, *verdicts]
                tree, waves, forced = Tree(events), waves + 1, forced or stopped
            decision = strategy.finish(tree) if forced else strategy.decide(tree, meter.spent)
    return Simulated(tree, decision.nodes, meter.spent, waves, forced)


def _wanted(decision: Expand | RollOut) -> Sequence[tuple[int, int]]:
    if isinstance(decision, Expand):
        return decision.nodes
    return [(node, 1) for node in decision.nodes]
