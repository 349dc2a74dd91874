"""Score what a search has newly added: steps, finished trajectories, or both."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from ragreason.errors import BudgetReachedError, ContextOverflowError, VerifierError
from ragreason.events import TraceEvent
from ragreason.ledger import as_verifier
from ragreason.nodes.emit import emit
from ragreason.nodes.expand import why_forced
from ragreason.protocols import Item, Verifier
from ragreason.state import ReasonState
from ragreason.tree import Judged, Tree
from ragreason.types import Question, Step, Verdict

if TYPE_CHECKING:
    from ragreason.nodes.reason import Reason


async def verify(parts: "Reason", state: ReasonState) -> dict[str, Any]:
    """Judge what the strategy wants judged: each new step and each new answer once, in a batch.

    Where a budget or a full context stops one batch, the verdicts of the one before stay. Raises
    VerifierError if the verdicts are not as many as the items.
    """
    verifier = parts.verifier
    if verifier is None:
        return {"tree": []}
    question, tree = state["question"], Tree(state["tree"])
    events: list[Judged] = []
    forced = ""
    try:
        kinds = _kinds(parts)
        events += await _steps(verifier, question, tree) if kinds[0] else []
        events += await _outcomes(verifier, kinds, question, tree, events)
    except (BudgetReachedError, ContextOverflowError) as error:
        forced = why_forced(error)
    for event in events:
        emit(
            TraceEvent(
                kind="verdict",
                node=parts.name,
                question_id=question.id,
                verdict=event.verdict,
                tree_node=event.node,
                outcome=event.outcome,
            )
        )
    return {"tree": events, "forced": forced}


async def _steps(verifier: Verifier, question: Question, tree: Tree) -> list[Judged]:
    nodes = [n for n in range(1, len(tree)) if not tree.failed(n) and not tree.verdict(n)]
    items: list[Item] = [
        tree.trajectory(n) if "prefix" in verifier.judges else cast(Step, tree.step(n))
        for n in nodes
    ]
    return _judged(nodes, await judge(verifier, question, items), outcome=False)


async def _outcomes(
    verifier: Verifier,
    kinds: tuple[bool, bool],
    question: Question,
    tree: Tree,
    judged: Sequence[Judged],
) -> list[Judged]:
    """A finished trajectory whose last step was judged in its context, just now (`judged`) or
    before, has its outcome with that: it is not judged twice.
    """
    steps, outcomes = kinds
    if not outcomes:
        return []
    nodes = [n for n in tree.answers if not tree.verdict(n, outcome=True)]
    if steps and "prefix" in verifier.judges:
        known = {event.node: event.verdict for event in judged}
        found = [known.get(n) or tree.verdict(n) for n in nodes]
        return _judged(nodes, [v for v in found if v is not None], outcome=True)
    ends = [tree.trajectory(n) for n in nodes]
    return _judged(nodes, await judge(verifier, question, ends), outcome=True)


def _kinds(parts: "Reason") -> tuple[bool, bool]:
    """Whether to judge steps, and whether to judge outcomes: as the strategy wants, and steps where
    the policy looks at critiques or a score is to end the search. Where outcomes are wanted of a
    verifier that scores steps only, its steps stand in for them.
    """
    wants, judges = parts.strategy.wants, parts.verifier.judges if parts.verifier else frozenset()
    outcomes = "trajectory" in wants and "trajectory" in judges
    stand_in = "trajectory" in wants and not outcomes
    critiques = "step" in getattr(parts.policy, "critiques", ())
    steps = bool(judges & {"step", "prefix"})
    looks = critiques or parts.stop_at is not None
    return steps and ("step" in wants or stand_in or looks), outcomes


async def judge(verifier: Verifier, question: Question, items: Sequence[Item]) -> list[Verdict]:
    """The verifier's verdicts, charged as a verifier's, as many as there are items."""
    if not items:
        return []
    with as_verifier():
        verdicts = await verifier.judge(question, items)
    if len(verdicts) != len(items):
        raise VerifierError(f"{len(items)} items were to be judged, {len(verdicts)} verdicts came")
    return verdicts


def _judged(nodes: Sequence[int], verdicts: Sequence[Verdict], *, outcome: bool) -> list[Judged]:
    return [
        Judged(node=node, verdict=verdict, outcome=outcome)
        for node, verdict in zip(nodes, verdicts, strict=True)
    ]
