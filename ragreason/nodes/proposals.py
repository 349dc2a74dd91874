"""What a policy is asked in one wave of a search, and with which seeds and temperatures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragreason.concurrency import all_or_none
from ragreason.errors import BudgetReachedError, ContextOverflowError
from ragreason.ledger import current
from ragreason.seeds import derive
from ragreason.state import ReasonState
from ragreason.tree import Tree
from ragreason.types import Step, Trajectory

if TYPE_CHECKING:
    from ragreason.nodes.reason import Reason

Proposals = list[Step] | BudgetReachedError | ContextOverflowError


async def propose(parts: "Reason", state: ReasonState, tree: Tree) -> list[Proposals]:
    """The proposals for each wanted node, or what stopped them. All are in flight together; nodes
    with the same trajectory are one request, their samples told apart by position.
    """
    groups = _groups(tree, state["wanted"])
    found = await all_or_none(_ask(parts, state, tree, group) for group in groups)
    proposals: dict[int, Proposals] = {}
    for group, steps in zip(groups, found, strict=True):
        rest = steps
        for i, n in group.members:
            proposals[i] = rest[:n] if isinstance(rest, list) else rest
            rest = rest[n:] if isinstance(rest, list) else rest
    return [proposals[i] for i in range(len(state["wanted"]))]


def numbers(tree: Tree, node: int, n: int) -> tuple[int, ...]:
    """Where the next `n` samples at `node` stand in a temperature schedule.

    A sample's number is the sum of its places among siblings from the root on, so that the i-th
    branch of the root keeps number i while it is extended by one proposal at a time.
    """
    first = sum(tree.places(node)) + len(tree.children(node))
    return tuple(range(first, first + n))


@dataclass(frozen=True)
class _Group:
    """Wanted nodes with one trajectory: position in the wave, and how many proposals, of each."""

    nodes: tuple[int, ...]
    members: tuple[tuple[int, int], ...]

    @property
    def n(self) -> int:
        return sum(n for _, n in self.members)


def _groups(tree: Tree, wanted: Sequence[tuple[int, int]]) -> list[_Group]:
    alike: dict[object, list[tuple[int, int, int]]] = {}
    for i, (node, n) in enumerate(wanted):
        alike.setdefault(_prompted(tree.trajectory(node)), []).append((i, node, n))
    return [
        _Group(tuple(node for _, node, _ in found), tuple((i, n) for i, _, n in found))
        for found in alike.values()
    ]


def _prompted(trajectory: Trajectory) -> object:
    """All of a trajectory that a policy may look at; what its steps cost is left out."""
    return tuple(
        (s.kind, s.text, s.query, s.answer, s.truncated, _called(s), _ids(s), repr(s.verdict))
        for s in trajectory.steps
    )


def _called(step: Step) -> tuple[object, ...]:
    return step.tool, step.arguments, step.result, step.failed, step.takes_back


def _ids(step: Step) -> tuple[str, ...]:
    return tuple(hit.passage.id for hit in step.hits)


async def _ask(parts: "Reason", state: ReasonState, tree: Tree, group: _Group) -> Proposals:
    question, first = state["question"], group.nodes[0]
    before = [len(tree.children(node)) for node in group.nodes]
    seed = derive(state["seed"], question.id, parts.name, *tree.places(first), before[0])
    engine = parts.proposer(
        numbers=tuple(
            number
            for node, (_, n) in zip(group.nodes, group.members, strict=True)
            for number in numbers(tree, node, n)
        ),
        ranks=tuple(range(sum(before), sum(before) + group.n)),
    )
    try:
        return await parts.policy.propose(
            question, tree.trajectory(first), group.n, engine, seed=seed
        )
    except (BudgetReachedError, ContextOverflowError) as error:
        return error


def stopped_by(proposals: Proposals, n: int) -> BudgetReachedError | ContextOverflowError | None:
    """What stopped the proposals, also where only some of `n` were: then a budget that is reached
    now. None where nothing did.
    """
    if not isinstance(proposals, list):
        return proposals
    meter = current()
    limit = meter.reached() if meter is not None and len(proposals) < n else None
    return BudgetReachedError(limit) if limit else None
