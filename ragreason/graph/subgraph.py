"""A graph inside another, as a node or as a policy: which keys go in, which come out."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ragreason.errors import BudgetReachedError
from ragreason.graph.conditions import state_keys
from ragreason.graph.definition import NodeSpec
from ragreason.graph.loaded import RECURSION_LIMIT, LoadedGraph
from ragreason.graph.wrap import BRANCH
from ragreason.ledger import Meter, current, metering
from ragreason.nodes.expand import why_forced
from ragreason.state import initial
from ragreason.types import Answer, Question, Usage

SubgraphFunction = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]


def subgraph_function(graph: LoadedGraph, spec: NodeSpec) -> SubgraphFunction:
    """State in, update out. The sub-graph runs with its own budget inside its caller's; where the
    caller's stopped it, the caller is forced too.
    """
    inputs = dict(spec.in_) or {"question": "question"}
    outputs = dict(spec.out) or {"answer": "answer"}

    async def run(state: Mapping[str, Any]) -> dict[str, Any]:
        asked = sub_question(state, inputs.get("question", "question"))
        start: dict[str, Any] = {**initial(asked, state.get("seed", 0))}
        start |= {k: state[v] for k, v in inputs.items() if k != "question" and v in state}
        done = await graph.ainvoke(start, {"recursion_limit": RECURSION_LIMIT})
        update: dict[str, Any] = {
            "evidence": done.get("evidence", {}),
            "dropped": done.get("dropped", []),
            "usage": done.get("usage", Usage()),
            "steps": done.get("steps", 0),
        }
        if done.get("forced") and (limit := _reached()):
            update["forced"] = why_forced(BudgetReachedError(limit))
        for inner, outer in outputs.items():
            if inner in done:
                update |= _convert(outer, done[inner], asked)
        return update

    return run


PolicyFunction = Callable[..., Awaitable[Mapping[str, Any]]]


def policy_function(graph: LoadedGraph) -> PolicyFunction:
    """Question, seed and notes in, final state out.

    Unlike a node, a run that the caller's budget stops gives no answer: BudgetReachedError. It
    keeps to the caller's budget even where it answers, as many runs are under way at once. What a
    run that goes on from a checkpoint had spent before is charged to the caller again, who lost it.
    """

    async def run(question: Question, *, seed: int, notes: Sequence[str] = ()) -> Mapping[str, Any]:
        start = {**initial(question, seed), "notes": list(notes)}
        with metering(Meter(outer=current(), binding=True)) as meter:
            done: Mapping[str, Any] = await graph.ainvoke(
                start, {"recursion_limit": RECURSION_LIMIT}
            )
        meter.charge(_less(done["usage"], meter.spent))
        meter.step(max(0, done["steps"] - meter.stepped))
        return done

    return run


def _less(whole: Usage, part: Usage) -> Usage:
    """What of `whole` is not in `part`; no amount below 0."""
    left = {
        name: max(0, amount - (getattr(part, name) or 0))
        for name, amount in whole
        if amount is not None
    }
    return Usage(**left)


def _reached() -> str | None:
    meter = current()
    return meter.reached() if meter is not None else None


def sub_question(state: Mapping[str, Any], key: str) -> Question:
    """The caller's question, or a new one from the text at `key`: branch i's id is `id/i`."""
    question: Question = state["question"]
    text = state[key]
    if isinstance(text, Question):
        return text
    return Question(id=f"{question.id}/{state.get(BRANCH, 0)}", text=text)


def _convert(key: str, value: Any, asked: Question) -> dict[str, Any]:
    """`value` as the type of the caller's `key`; an answer becomes its text, or a note."""
    if not isinstance(value, Answer) or state_keys().get(key) is Answer:
        return {key: value}
    if state_keys().get(key) is str:
        return {key: value.text}
    return {key: [f"{asked.text}: {value.text}"] if value.text else []}
