"""Score what a search has newly added: steps, finished trajectories, or both."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ragreason.errors import VerifierError
from ragreason.events import TraceEvent
from ragreason.ledger import as_verifier
from ragreason.nodes.emit import emit
from ragreason.protocols import Item, Verifier
from ragreason.state import ReasonState
from ragreason.tree import Judged, Tree
from ragreason.types import Question, Verdict

if TYPE_CHECKING:
    from ragreason.nodes.reason import Reason


async def verify(parts: "Reason", state: ReasonState) -> dict[str, Any]:
    """Judge what the strategy wants judged: each new step and each new answer once, in a batch.

    Raises VerifierError if the verdicts are not as many as the items.
    """
    verifier = parts.verifier
    if verifier is None:
        return {"tree": []}
    tree = Tree(state["tree"])
    question = state["question"]
    events: list[Judged] = []
    kinds = parts.strategy.wants & verifier.judges
    if "step" in kinds:
        nodes = [n for n in range(1, len(tree)) if not tree.failed(n) and not tree.verdict(n)]
        steps = [step for n in nodes if (step := tree.step(n)) is not None]
        events += _judged(nodes, await judge(verifier, question, steps), outcome=False)
    if "trajectory" in kinds:
        nodes = [n for n in tree.answers if not tree.verdict(n, outcome=True)]
        ends = [tree.trajectory(n) for n in nodes]
        events += _judged(nodes, await judge(verifier, question, ends), outcome=True)
    for event in events:
        emit(
            TraceEvent(kind="verdict", node=parts.name, verdict=event.verdict, tree_node=event.node)
        )
    return {"tree": events}


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
