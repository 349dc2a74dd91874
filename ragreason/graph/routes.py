"""Where a run goes after a node: conditions, bounds, fan-out, and the way to a forced answer.

Edges can't write state, so two kinds of small nodes stand between: one counts a bounded edge's
passages, the other says that its bound is reached. A third joins the branches of a fan-out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from langgraph.graph import END as LANGGRAPH_END, START as LANGGRAPH_START
from langgraph.types import Send

from ragreason.graph.conditions import holds
from ragreason.graph.definition import END, START, Edge
from ragreason.graph.flow import Flow, parallel
from ragreason.graph.wrap import BRANCH, CARRIED, WAVE, mark_forced

Goal = str | Send
LIMIT = "recursion limit"
_LAST_STEPS = 4
"""Supersteps that a forced answer takes, with the node that says why and one to spare."""


def node_id(name: str) -> str:
    """LangGraph's name for a node of a graph file."""
    return {START: LANGGRAPH_START, END: LANGGRAPH_END}.get(name, name)


def join_id(node: str) -> str:
    """The node where the branches of a fan-out to `node` meet."""
    return f"{node} joined"


@dataclass(frozen=True)
class Router:
    """Chooses what follows the nodes of one graph."""

    flow: Flow

    def counter_id(self, edge: Edge) -> str:
        """The node that counts passages of a bounded edge."""
        return self.flow.definition.edge_name(edge)

    def bound_id(self, edge: Edge) -> str:
        """The node that says that an edge's bound is reached."""
        return f"{self.counter_id(edge)} bound"

    def after(self, node: str, state: Mapping[str, Any]) -> list[Goal]:
        """Where to go from `node`."""
        if state.get("forced"):
            return self._when_forced(node, state)
        if node != START and state.get("remaining_steps", _LAST_STEPS + 1) <= _LAST_STEPS:
            return [LIMIT] if self.flow.nearest_answer(START) else [LANGGRAPH_END]
        return self._along(self._chosen(node, state), state)

    def _along(self, edges: Iterable[Edge], state: Mapping[str, Any]) -> list[Goal]:
        return [goal for edge in edges for goal in self._start(edge, state)]

    def _chosen(self, node: str, state: Mapping[str, Any]) -> list[Edge]:
        """The first edge whose condition holds, else the otherwise edge, else all plain ones."""
        edges = self.flow.definition.edges_from(node)
        for edge in edges:
            if edge.when is not None and holds(edge.when, state):
                return [edge]
        return [e for e in edges if e.otherwise] or parallel(edges)

    def _start(self, edge: Edge, state: Mapping[str, Any]) -> list[Goal]:
        if edge.at_most is None:
            return self.goals(edge, state)
        passed = state.get("counts", {}).get(self.counter_id(edge), 0)
        return [self.counter_id(edge) if passed < edge.at_most else self.bound_id(edge)]

    def goals(self, edge: Edge, state: Mapping[str, Any]) -> list[Goal]:
        """The edge's target; for a fan-out, one branch an item, or the join if there is none."""
        if edge.each is None:
            return [node_id(edge.to)]
        items = list(state.get(edge.each) or ())
        kind = self.flow.kinds[edge.to]
        keys = CARRIED | kind.reads | kind.optional_reads
        common = {k: v for k, v in state.items() if k in keys}
        common[WAVE] = uuid4().hex
        branches = [
            Send(edge.to, {**common, "item": item, BRANCH: i}) for i, item in enumerate(items)
        ]
        return list(branches) or [join_id(edge.to)]

    def _when_forced(self, node: str, state: Mapping[str, Any]) -> list[Goal]:
        """To the nearest answer; once there is one, on to the end, but into no loop again."""
        answer = self.flow.nearest_answer(node)
        if "answer" not in state and answer is not None:
            return [answer]
        edges = [e for e in self._chosen(node, state) if not self._loops(node, e.to)]
        if "answer" not in state or not edges:
            return [LANGGRAPH_END]
        return [goal for edge in edges for goal in self.goals(edge, state)]

    def _loops(self, node: str, target: str) -> bool:
        return target == node or (
            node in self.flow.successors and (target != END and node in self.flow.reachable(target))
        )

    def possible(self, node: str) -> list[str]:
        """Every node that `after` may name."""
        found: list[str] = [LANGGRAPH_END]
        for edge in self.flow.definition.edges_from(node):
            found.append(node_id(edge.to))
            if edge.at_most is not None:
                found += [self.counter_id(edge), self.bound_id(edge)]
            if edge.each is not None:
                found.append(join_id(edge.to))
        answer = self.flow.nearest_answer(node)
        found += [answer] if answer else []
        if node != START and self.flow.nearest_answer(START):
            found.append(LIMIT)
        return list(dict.fromkeys(found))

    def count(self, edge: Edge) -> dict[str, Any]:
        """The update of the edge's counting node."""
        return {"counts": {self.counter_id(edge): 1}}

    def bound_reached(self, edge: Edge, state: Mapping[str, Any]) -> dict[str, Any]:
        """The update of the node that says that the edge's bound is reached."""
        reason = f"loop bound of {self.counter_id(edge)}"
        return {"forced": reason, **mark_forced(state, reason)}
