"""Searches in a plain loop: no LangGraph, no event loop, the same tree as `ragreason.reason`."""

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from ragreason.errors import BudgetReachedError, ConfigError
from ragreason.generation.scripted import Scripted
from ragreason.ledger import Meter, as_verifier, metering
from ragreason.protocols import Item, Policy, Strategy, Verifier
from ragreason.search.needs import lacking_verifier
from ragreason.search.scores import with_aggregation
from ragreason.seeds import derive
from ragreason.simulation.reasoner import RIGHT
from ragreason.tree import Added, Asked, Event, Expand, Finish, Judged, Tree
from ragreason.types import Budget, Question, Step, Usage, Verdict

T = TypeVar("T")
_NAME = "reason"  # what `ragreason.reason` calls its node: the name is part of each seed
_ENGINE = Scripted()


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


@dataclass(frozen=True)
class Measured:
    """What a strategy did on each question, in order: all arrays are (questions,)."""

    right: npt.NDArray[np.bool_]
    tokens: npt.NDArray[np.int64]
    verifier_tokens: npt.NDArray[np.int64]
    waves: npt.NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """Share of questions answered right."""
        return float(self.right.mean())

    @property
    def standard_error(self) -> float:
        """Of the accuracy: sqrt(a (1 - a) / questions)."""
        return float(np.sqrt(self.accuracy * (1 - self.accuracy) / len(self.right)))


def measure(
    questions: Sequence[Question],
    *,
    policy: Policy,
    strategy: Strategy,
    verifier: Verifier | None = None,
    seed: int = 0,
    budget: Budget | None = None,
) -> Measured:
    """`simulate` on each question; right where the best answer is `RIGHT`.

    `tokens` holds all tokens, those of the verifier included.
    """
    done = [
        simulate(q, policy=policy, strategy=strategy, verifier=verifier, seed=seed, budget=budget)
        for q in questions
    ]
    return Measured(
        right=np.array([one.answer == RIGHT for one in done], dtype=np.bool_),
        tokens=np.array([one.usage.tokens for one in done], dtype=np.int64),
        verifier_tokens=np.array([one.usage.verifier_tokens for one in done], dtype=np.int64),
        waves=np.array([one.waves for one in done], dtype=np.int64),
    )


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
    meter, events, forced, waves = Meter(budget), list[Event](), "", 0
    tree = Tree()
    with metering(meter):
        while True:
            decision = strategy.finish(tree) if forced else strategy.decide(tree, meter.spent)
            if isinstance(decision, Finish):
                return Simulated(tree, decision.nodes, meter.spent, waves, forced)
            limit = meter.reached()
            if limit is not None:
                forced = f"budget of {limit}"
                continue
            wanted = _wanted(decision)
            found, forced = _expanded(policy, question, tree, wanted, seed)
            events += found
            meter.step(sum(isinstance(event, Added) for event in found))
            waves += 1
            tree = Tree(events)
            if verifier is not None:
                verdicts, stopped = _judged(verifier, strategy, question, tree)
                events += verdicts
                forced = forced or stopped
                tree = Tree(events)


def _wanted(decision: Any) -> Sequence[tuple[int, int]]:
    if isinstance(decision, Expand):
        return decision.nodes
    return [(node, 1) for node in decision.nodes]


def _expanded(
    policy: Policy, question: Question, tree: Tree, wanted: Sequence[tuple[int, int]], seed: int
) -> tuple[list[Event], str]:
    """A wave of proposals, one node after the other, and why the search is forced to end."""
    events: list[Event] = [Asked(node=node, n=n) for node, n in wanted]
    forced = ""
    for node, n in wanted:
        place = (*tree.places(node), len(tree.children(node)))
        own = derive(seed, question.id, _NAME, *place)
        proposed = policy.propose(question, tree.trajectory(node), n, _ENGINE, seed=own)
        reason = "no proposal"
        steps: list[Step] = []
        try:
            steps = _now(proposed)
        except BudgetReachedError as error:
            reason = f"budget of {error.limit}"
            forced = forced or reason
        events += [Added(parent=node, step=step) for step in steps]
        events += [Added(parent=node, step=None, reason=reason)] * (n - len(steps))
    return events, forced


def _judged(
    verifier: Verifier, strategy: Strategy, question: Question, tree: Tree
) -> tuple[list[Judged], str]:
    """Verdicts on what is new: steps first, then outcomes, as `nodes.verify` orders them."""
    outcomes = "trajectory" in strategy.wants and "trajectory" in verifier.judges
    stand_in = "trajectory" in strategy.wants and not outcomes
    judges_steps = bool(verifier.judges & {"step", "prefix"})
    steps = judges_steps and ("step" in strategy.wants or stand_in)
    in_context = steps and "prefix" in verifier.judges
    judged: list[Judged] = []
    try:
        if steps:
            new = range(1, len(tree))
            nodes = [n for n in new if not tree.failed(n) and not tree.verdict(n)]
            items = [tree.trajectory(n) if in_context else tree.step(n) for n in nodes]
            judged += _verdicts(verifier, question, nodes, cast(list[Item], items), outcome=False)
        if outcomes:
            nodes = [n for n in tree.answers if not tree.verdict(n, outcome=True)]
            if in_context:
                known = {event.node: event.verdict for event in judged}
                judged += [Judged(node=n, verdict=known[n], outcome=True) for n in nodes]
            else:
                ends: list[Item] = [tree.trajectory(n) for n in nodes]
                judged += _verdicts(verifier, question, nodes, ends, outcome=True)
    except BudgetReachedError as error:
        return [], f"budget of {error.limit}"
    return judged, ""


def _verdicts(
    verifier: Verifier,
    question: Question,
    nodes: Sequence[int],
    items: Sequence[Item],
    *,
    outcome: bool,
) -> list[Judged]:
    if not nodes:
        return []
    with as_verifier():
        verdicts: list[Verdict] = _now(verifier.judge(question, items))
    pairs = zip(nodes, verdicts, strict=True)
    return [Judged(node=node, verdict=verdict, outcome=outcome) for node, verdict in pairs]


def _now(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives that never waits. Raises ConfigError for one that does."""
    try:
        work.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    work.close()
    raise ConfigError("a part waits for something; simulate runs only parts that never do")
