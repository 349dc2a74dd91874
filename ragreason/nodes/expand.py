"""Propose steps at the nodes a strategy wants, and run the searches and calls among them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ragreason.errors import BudgetReachedError, ContextOverflowError
from ragreason.events import TraceEvent
from ragreason.nodes.calls import run_calls
from ragreason.nodes.emit import emit
from ragreason.nodes.proposals import numbers, propose, stopped_by
from ragreason.nodes.retrieve import new_evidence
from ragreason.state import ReasonState
from ragreason.tree import Added, Asked, Tree
from ragreason.types import Evidence, Hit, Step

if TYPE_CHECKING:
    from ragreason.nodes.reason import Reason


async def expand(parts: "Reason", state: ReasonState) -> dict[str, Any]:
    """All wanted proposals in flight together, then all their searches as one batch, then all their
    calls of tools side by side.

    A proposal that a budget or a full context stopped becomes a failed child; what others gave
    stays. So does one that never came, and one that would repeat its own prompt at temperature 0.
    Returns the tree's new events, evidence, and why the run is forced, if it is. An error cancels
    the proposals that are still in flight.
    """
    tree = Tree(state["tree"])
    wanted = state["wanted"]
    answers = await propose(parts, state, tree)
    proposed = [
        (step, tree.trajectory(node))
        for (node, _), answer in zip(wanted, answers, strict=True)
        if isinstance(answer, list)
        for step in answer
    ]
    steps = [step for step, _ in proposed]
    tools = getattr(parts.policy, "tools", ())
    befores = [before for _, before in proposed]
    found = await _search(parts, steps)
    searched = iter(await run_calls(tools, list(zip(found, befores, strict=True))))
    events: list[Any] = [Asked(node=node, n=n) for node, n in wanted]
    forced = ""
    for (node, n), answer in zip(wanted, answers, strict=True):
        stopped = stopped_by(answer, n)
        reason = why_forced(stopped) if stopped else "no proposal"
        forced = forced or (reason if stopped else "")
        came = answer if isinstance(answer, list) else []
        places = numbers(tree, node, n)
        events += [
            _added(parts, state, tree, node, next(searched), number)
            for _, number in zip(came, places, strict=False)
        ]
        events += [Added(parent=node, step=None, reason=reason)] * (n - len(came))
    _tell(parts.name, state["question"].id, events, len(tree))
    hits = (hit for e in events if isinstance(e, Added) and e.step for hit in e.step.hits)
    return {
        "tree": events,
        "evidence": new_evidence(hits, state["evidence"]),
        "forced": forced,
        "dropped": _dropped(parts.name, steps, state["evidence"]),
    }


def _added(
    parts: "Reason", state: ReasonState, tree: Tree, node: int, step: Step, number: int
) -> Added:
    """The step's place in the tree; failed if at temperature 0 it asks for the same again."""
    if step.kind == "answer":
        return Added(parent=node, step=step)
    trajectory = tree.trajectory(node)
    before = parts.policy.render(state["question"], trajectory)
    greedy = parts.widening.temperature(number, before.temperature) == 0
    if greedy and before == parts.policy.render(state["question"], trajectory.extended(step)):
        return Added(parent=node, step=None, reason="the prompt would be the same again")
    return Added(parent=node, step=step)


def _dropped(name: str, steps: Sequence[Step], known: Mapping[str, Evidence]) -> list[str]:
    """Ids of passages that left prompts, each once, and an event with each one's title."""
    ids = list(dict.fromkeys(passage for step in steps for passage in step.dropped))
    for passage in ids:
        title = known[passage].hit.passage.title if passage in known else ""
        emit(TraceEvent(kind="dropped", node=name, text=title or passage))
    return ids


def why_forced(error: BudgetReachedError | ContextOverflowError) -> str:
    """What `forced` says where this error ended a search."""
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


def _tell(name: str, question_id: str, events: Sequence[Any], first: int) -> None:
    added = (event for event in events if isinstance(event, Added))
    for node, event in enumerate(added, start=first):
        step = event.step
        emit(
            TraceEvent(
                kind="failed" if step is None else "step",
                node=name,
                question_id=question_id,
                text=event.reason,
                step=step,
                tree_node=node,
                parent=event.parent,
                hits=step.hits if step is not None else (),
                query=step.query if step is not None else "",
            )
        )
