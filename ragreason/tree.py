"""The search tree: an append-only log of events, and a read-only view of it.

Nodes are numbered in the order in which they were added; node 0 is the root, the empty trajectory.
What a strategy wants to know (children, depth, finished leaves, visits, values) is derived, never
stored, so a tree that was saved half-way continues exactly where it stopped.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ragreason.types import Step, Trajectory, Value, Verdict

ROOT = 0


class Asked(Value):
    """`n` proposals were asked for at `node`: pending until as many were added."""

    node: int
    n: int


class Added(Value):
    """A proposal arrived under `parent`. Its id is its position among all added, from 1.
    `step` None records a proposal that failed (`reason` says how): it is not tried again.
    """

    parent: int
    step: Step | None
    reason: str = ""


class Judged(Value):
    """A verdict on the trajectory that ends at `node`; `outcome` tells it from a step's."""

    node: int
    verdict: Verdict
    outcome: bool = False


Event = Asked | Added | Judged


class Mark(Value):
    """What a strategy says of a node, to be shown: how often it was visited, the value it has now
    (None where there is none), and whether it was given up.
    """

    visits: int = 0
    value: float | None = None
    pruned: bool = False


@dataclass(frozen=True)
class Expand:
    """Ask for `n` proposals at each of these nodes, all in flight together."""

    nodes: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class RollOut:
    """Go on from each node towards an answer by one proposal; the step stays in the tree, and the
    strategy is asked again until the answer is there.
    """

    nodes: tuple[int, ...]


@dataclass(frozen=True)
class Finish:
    """Stop. Best leaf first, each with its weight; empty means that nothing was finished."""

    nodes: tuple[tuple[int, float], ...]


Decision = Expand | RollOut | Finish


class Tree:
    """A read-only view of events. Building it costs time linear in them.

    Raises ValueError if a proposal was added under a node that came later.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.events: tuple[Event, ...] = tuple(events)
        self._trajectories: dict[int, Trajectory] = {}
        self._added = [e for e in self.events if isinstance(e, Added)]
        for node, added in enumerate(self._added, start=1):
            if not ROOT <= added.parent < node:
                raise ValueError(f"node {node} was added under {added.parent}, not an earlier node")

    def __len__(self) -> int:
        """How many nodes there are, the root included."""
        return len(self._added) + 1

    def parent(self, node: int) -> int | None:
        """None for the root."""
        return None if node == ROOT else self._added[node - 1].parent

    def step(self, node: int) -> Step | None:
        """The step that led to `node`; None for the root and for failed proposals."""
        return None if node == ROOT else self._added[node - 1].step

    @cached_property
    def _children(self) -> list[list[int]]:
        children: list[list[int]] = [[] for _ in range(len(self))]
        for node, added in enumerate(self._added, start=1):
            children[added.parent].append(node)
        return children

    def children(self, node: int) -> Sequence[int]:
        """In the order in which they were added, failed ones too."""
        return self._children[node]

    def path(self, node: int) -> tuple[int, ...]:
        """From the root (left out) to `node`."""
        path = []
        while node != ROOT:
            path.append(node)
            node = self._added[node - 1].parent
        return tuple(reversed(path))

    def places(self, node: int) -> tuple[int, ...]:
        """The path as positions among siblings, from 0: independent of arrival elsewhere."""
        hops = (ROOT, *self.path(node))
        return tuple(self._children[up].index(down) for up, down in itertools.pairwise(hops))

    def depth(self, node: int) -> int:
        """Steps from the root."""
        return len(self.path(node))

    def trajectory(self, node: int) -> Trajectory:
        """The steps from the root to `node`, each with the verdict on it; answers carry the one on
        their outcome where there is one, so that a further attempt sees what was held against them.
        """
        if node not in self._trajectories:
            steps = ((n, self.step(n)) for n in self.path(node))
            judged = tuple(self._judged(n, s) for n, s in steps if s is not None)
            self._trajectories[node] = Trajectory(steps=judged)
        return self._trajectories[node]

    def _judged(self, node: int, step: Step) -> Step:
        if not self._verdicts:
            return step
        verdict = self.verdict(node, outcome=True)
        verdict = self.verdict(node) if verdict is None else verdict
        return step if verdict is None else step.model_copy(update={"verdict": verdict})

    def finished(self, node: int) -> bool:
        """Whether `node` is an answer that was not cut by the length limit."""
        step = self.step(node)
        return step is not None and step.kind == "answer" and not step.truncated

    def failed(self, node: int) -> bool:
        """Whether the proposal at `node` gave no step."""
        return node != ROOT and self.step(node) is None

    @cached_property
    def leaves(self) -> tuple[int, ...]:
        """Nodes without children that are neither failed nor the root of an expanded tree."""
        return tuple(n for n in range(len(self)) if not self._children[n] and not self.failed(n))

    @cached_property
    def answers(self) -> tuple[int, ...]:
        """Finished nodes, in the order in which they were added."""
        return tuple(n for n in range(1, len(self)) if self.finished(n))

    @cached_property
    def asked(self) -> dict[int, int]:
        """Node to how many proposals were asked for, in all; never fewer than were added."""
        asked: dict[int, int] = {}
        for event in self.events:
            if isinstance(event, Asked):
                asked[event.node] = asked.get(event.node, 0) + event.n
        added = {node: len(found) for node, found in enumerate(self._children) if found}
        return {n: max(asked.get(n, 0), added.get(n, 0)) for n in {**asked, **added}}

    @property
    def pending(self) -> dict[int, int]:
        """Node to how many proposals were asked for and have not been added."""
        waiting = {node: n - len(self._children[node]) for node, n in self.asked.items()}
        return {node: n for node, n in waiting.items() if n > 0}

    @cached_property
    def _verdicts(self) -> dict[tuple[int, bool], Verdict]:
        return {(e.node, e.outcome): e.verdict for e in self.events if isinstance(e, Judged)}

    def verdict(self, node: int, *, outcome: bool = False) -> Verdict | None:
        """The last verdict on this node, or None."""
        return self._verdicts.get((node, outcome))

    def step_scores(self, node: int) -> tuple[float | None, ...]:
        """Process scores from the root to `node`; None where a step was not judged."""
        verdicts = (self.verdict(n) for n in self.path(node))
        return tuple(v.score if v is not None else None for v in verdicts)

    def _repr_html_(self) -> str:
        """For notebooks: each node below its parent, with what verifiers said."""
        from ragreason.text.html import Row, box, tree_table

        rows, pending = list[Row](), list(reversed(self.children(ROOT)))
        while pending:
            node = pending.pop()
            pending += reversed(self.children(node))
            step, verdicts = self.step(node), (self.verdict(node), self.verdict(node, outcome=True))
            said = "" if step is None else step.query or step.answer or step.arguments or step.text
            rows.append(
                Row(
                    depth=self.depth(node) - 1,
                    kind="failed" if step is None else step.kind,
                    text=" ".join(said.split()),
                    figures=[None if verdict is None else verdict.score for verdict in verdicts],
                    strong=self.finished(node),
                    faded=step is None,
                )
            )
        return box(tree_table(rows, ("step", "outcome")))
