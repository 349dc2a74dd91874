"""The ReAct loop as one writes it by hand on bare LangGraph, for `orchestration.py`.

The same nodes as a `reason` node without a verifier, on the same policy, engine and retriever, the
same values in the state; but no budgets, usage, times, events, validation or search tree.
"""

from dataclasses import dataclass
from functools import cached_property
from operator import add
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph

from ragreason.protocols import Generator, Policy, Retriever
from ragreason.types import Answer, Evidence, Question, Step, Trajectory


def merged(old: dict[str, Evidence], new: dict[str, Evidence]) -> dict[str, Evidence]:
    """New entries beside the old ones."""
    return {**old, **new}


class Inner(TypedDict, total=False):
    """The loop's state, by hand."""

    question: Question
    steps: Annotated[list[Step], add]
    evidence: Annotated[dict[str, Evidence], merged]
    wanted: bool


class Outer(TypedDict, total=False):
    """The state around the loop, by hand."""

    question: Question
    trajectory: Trajectory
    evidence: dict[str, Evidence]
    answer: Answer


@dataclass
class ByHand:
    """The nodes of the loop and of the graph around it, as one would write them."""

    engine: Generator
    retriever: Retriever
    policy: Policy
    k: int
    most: int

    async def select(self, state: Inner) -> dict[str, Any]:
        """Whether there is more to do."""
        steps = state["steps"]
        return {"wanted": not steps or (steps[-1].kind != "answer" and len(steps) < self.most)}

    async def expand(self, state: Inner) -> dict[str, Any]:
        """The next step, its search done."""
        trajectory = Trajectory(steps=tuple(state["steps"]))
        [step] = await self.policy.propose(state["question"], trajectory, 1, self.engine, seed=0)
        if step.kind != "search":
            return {"steps": [step]}
        [hits] = await self.retriever.retrieve([step.query], self.k)
        found = {hit.passage.id: Evidence(hit=hit) for hit in hits}
        return {"steps": [step.model_copy(update={"hits": tuple(hits)})], "evidence": found}

    async def solve(self, state: Outer) -> dict[str, Any]:
        """The loop, and its trajectory."""
        start = {"question": state["question"], "steps": [], "evidence": {}}
        done = await self.loop.ainvoke(start, {"recursion_limit": 10_000})
        return {
            "trajectory": Trajectory(steps=tuple(done["steps"])),
            "evidence": done["evidence"],
        }

    async def answer(self, state: Outer) -> dict[str, Any]:
        """The answer of the last step."""
        text = state["trajectory"].answer or ""
        return {"answer": Answer(text=text, retrieved=tuple(state["evidence"]))}

    @cached_property
    def loop(self) -> Any:
        """The compiled loop, run inside `solve`."""
        builder = StateGraph(Inner)
        builder.add_node("select", self.select)
        builder.add_node("expand", self.expand)
        builder.add_edge(START, "select")
        builder.add_conditional_edges(
            "select", lambda state: "expand" if state["wanted"] else END, ["expand", END]
        )
        builder.add_edge("expand", "select")
        return builder.compile()

    def graph(self, saver: BaseCheckpointSaver[str] | None) -> Any:
        """The compiled whole."""
        builder = StateGraph(Outer)
        builder.add_node("solve", self.solve)
        builder.add_node("answer", self.answer)
        builder.add_edge(START, "solve")
        builder.add_edge("solve", "answer")
        builder.add_edge("answer", END)
        return builder.compile(checkpointer=saver)

    async def bodies(self, question: Question) -> None:
        """What the nodes do, with no graph around them."""
        state = Inner(question=question, steps=[], evidence={})
        while (await self.select(state))["wanted"]:
            update = await self.expand(state)
            state["steps"] = state["steps"] + update["steps"]
            state["evidence"] = state["evidence"] | update.get("evidence", {})
