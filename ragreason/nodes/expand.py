"""Propose steps at the nodes a strategy wants, and run the searches among them."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ragreason.errors import BudgetReachedError, ContextOverflowError
from ragreason.events import TraceEvent
from ragreason.nodes.emit import emit
from ragreason.seeds import derive
from ragreason.state import ReasonState
from ragreason.tree import Added, Asked, Tree
from ragreason.types import Evidence, Hit, Step

if TYPE_CHECKING:
    from ragreason.nodes.reason import Reason

Proposals = list[Step] | BudgetReachedError | ContextOverflowError


async def expand(parts: "Reason", state: ReasonState) -> dict[str, Any]:
    """All wanted proposals in flight together, then all their searches as one batch.

    A proposal that a budget or a full context stopped becomes a failed child; what others gave
    stays. Returns the tree's new events, evidence, and why the run is forced, if it is.
    """
    tree = Tree(state["tree"])
    wanted = state["wanted"]
    answers = await asyncio.gather(*(_propose(parts, state, tree, node, n) for node, n in wanted))
    steps = [step for answer in answers if isinstance(answer, list) for step in answer]
    searched = iter(await _search(parts, steps))
    events: list[Any] = [Asked(node=node, n=n) for node, n in wanted]
    forced = ""
    for (node, n), answer in zip(wanted, answers, strict=True):
        if isinstance(answer, list):
            events += [Added(parent=node, step=next(searched)) for _ in answer]
        else:
            forced = forced or _reason(answer)
            events += [Added(parent=node, step=None, reason=_reason(answer))] * n
    _tell(parts.name, events, len(tree))
    hits = (hit for e in events if isinstance(e, Added) and e.step for hit in e.step.hits)
    found = {hit.passage.id: Evidence(hit=hit) for hit in hits}
    known = state["evidence"]
    return {
        "tree": events,
        "evidence": {key: entry for key, entry in found.items() if key not in known},
        "forced": forced,
        "dropped": _dropped(parts.name, steps),
    }


async def _propose(parts: "Reason", state: ReasonState, tree: Tree, node: int, n: int) -> Proposals:
    question = state["question"]
    place = (*tree.places(node), len(tree.children(node)))
    seed = derive(state["seed"], question.id, parts.name, *place)
    try:
        return await parts.policy.propose(
            question, tree.trajectory(node), n, parts.engine, seed=seed
        )
    except (BudgetReachedError, ContextOverflowError) as error:
        return error


def _dropped(name: str, steps: Sequence[Step]) -> list[str]:
    """Ids of passages that left prompts, each once, and an event for each."""
    ids = list(dict.fromkeys(passage for step in steps for passage in step.dropped))
    for passage in ids:
        emit(TraceEvent(kind="dropped", node=name, text=passage))
    return ids


def _reason(error: BudgetReachedError | ContextOverflowError) -> str:
    return f"budget of {error.limit}" if isinstance(error, BudgetReachedError) else "context"


async def _search(parts: "Reason", steps: Sequence[Step]) -> list[Step]:
    """The same steps, searches with their hits; one retrieval call for each distinct query."""
    queries = list(dict.fromkeys(s.query for s in steps if s.kind == "search"))
    if not queries or parts.retriever is None:
        return list(steps)
    try:
        found = await parts.retriever.retrieve(queries, parts.k)
    except BudgetReachedError:
        return list(steps)
    hits: dict[str, list[Hit]] = dict(zip(queries, found, strict=True))
    return [
        s.model_copy(update={"hits": tuple(hits[s.query])}) if s.kind == "search" else s
        for s in steps
    ]


def _tell(name: str, events: Sequence[Any], first: int) -> None:
    added = (event for event in events if isinstance(event, Added))
    for node, event in enumerate(added, start=first):
        if event.step is not None:
            emit(
                TraceEvent(
                    kind="step",
                    node=name,
                    step=event.step,
                    tree_node=node,
                    parent=event.parent,
                    hits=event.step.hits,
                    query=event.step.query,
                )
            )
