"""One round of a search without an event loop: proposals, then verdicts."""

from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar, cast

from ragreason.errors import BudgetReachedError, ConfigError
from ragreason.generation.scripted import Scripted
from ragreason.nodes.verify import judge
from ragreason.protocols import Item, Policy, Strategy, Verifier
from ragreason.seeds import derive
from ragreason.tree import Added, Asked, Event, Judged, Tree
from ragreason.types import Question, Step, Trajectory, Verdict

T = TypeVar("T")
_NAME = "reason"  # what `ragreason.reason` calls its node: the name is part of each seed
_ENGINE = Scripted()


def expanded(
    policy: Policy, question: Question, tree: Tree, wanted: Sequence[tuple[int, int]], seed: int
) -> tuple[list[Event], str]:
    """A wave of proposals, and why the search is forced to end, if it is."""
    events: list[Event] = [Asked(node=node, n=n) for node, n in wanted]
    forced = ""
    for (node, n), answer in zip(
        wanted, _proposals(policy, question, tree, wanted, seed), strict=True
    ):
        steps = answer if isinstance(answer, list) else []
        stopped = answer if isinstance(answer, str) else ""
        failed = Added(parent=node, step=None, reason=stopped or "no proposal")
        events += [Added(parent=node, step=step) for step in steps]
        events += [failed] * (n - len(steps))
        forced = forced or stopped
    return events, forced


def _proposals(
    policy: Policy, question: Question, tree: Tree, wanted: Sequence[tuple[int, int]], seed: int
) -> list[list[Step] | str]:
    """The steps for each wanted node, or what stopped them. Nodes with the same trajectory are one
    request, as in `nodes.proposals`.
    """
    paths = [tree.trajectory(node) for node, _ in wanted]
    alike: dict[object, list[int]] = {}
    for i, path in enumerate(paths):
        alike.setdefault(_prompted(path), []).append(i)
    came: dict[int, list[Step] | str] = {}
    for group in alike.values():
        node, total = wanted[group[0]][0], sum(wanted[i][1] for i in group)
        own = derive(seed, question.id, _NAME, *tree.places(node), len(tree.children(node)))
        try:
            steps = now(policy.propose(question, paths[group[0]], total, _ENGINE, seed=own))
        except BudgetReachedError as error:
            came |= dict.fromkeys(group, f"budget of {error.limit}")
            continue
        for i in group:
            came[i], steps = steps[: wanted[i][1]], steps[wanted[i][1] :]
    return [came[i] for i in range(len(wanted))]


def _prompted(trajectory: Trajectory) -> object:
    """All of a trajectory that a policy may look at."""
    return tuple((s.kind, s.text, s.query, s.answer, s.verdict) for s in trajectory.steps)


def judged(
    verifier: Verifier | None, strategy: Strategy, question: Question, tree: Tree
) -> tuple[list[Judged], str]:
    """Verdicts on what is new, and why the search is forced to end: steps first, then outcomes, as
    `nodes.verify` orders them.
    """
    if verifier is None:
        return [], ""
    try:
        return _new_verdicts(verifier, strategy, question, tree), ""
    except BudgetReachedError as error:
        return [], f"budget of {error.limit}"


def _new_verdicts(
    verifier: Verifier, strategy: Strategy, question: Question, tree: Tree
) -> list[Judged]:
    """A verifier that scores no outcomes scores steps in their place; one that saw a trajectory up
    to its last step has judged its outcome with that.
    """
    outcomes = "trajectory" in strategy.wants and "trajectory" in verifier.judges
    asked = "step" in strategy.wants or ("trajectory" in strategy.wants and not outcomes)
    steps = asked and bool(verifier.judges & {"step", "prefix"})
    in_context = steps and "prefix" in verifier.judges
    found: list[Judged] = []
    if steps:
        new = [n for n in range(1, len(tree)) if not tree.failed(n) and not tree.verdict(n)]
        items: list[Item] = [
            tree.trajectory(n) if in_context else cast(Step, tree.step(n)) for n in new
        ]
        found += _judged(new, now(judge(verifier, question, items)), outcome=False)
    if outcomes:
        ends = [n for n in tree.answers if not tree.verdict(n, outcome=True)]
        if in_context:
            known = {event.node: event.verdict for event in found}
            return found + _judged(ends, [known[n] for n in ends], outcome=True)
        whole = [tree.trajectory(n) for n in ends]
        found += _judged(ends, now(judge(verifier, question, whole)), outcome=True)
    return found


def _judged(nodes: Sequence[int], verdicts: Sequence[Verdict], *, outcome: bool) -> list[Judged]:
    pairs = zip(nodes, verdicts, strict=True)
    return [Judged(node=node, verdict=verdict, outcome=outcome) for node, verdict in pairs]


def now(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives that never waits. Raises ConfigError for one that does."""
    try:
        work.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    work.close()
    raise ConfigError("a part waits for something; simulate runs only parts that never do")
