"""The shape of a graph: who leads where, loops, and which state keys are written on the way."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ragreason.graph.conditions import INITIAL
from ragreason.graph.definition import END, START, Definition, Edge
from ragreason.graph.resolve import NodeKind

Path = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Flow:
    """A definition with what its node kinds say. Node names in edges are known to exist."""

    definition: Definition
    kinds: Mapping[str, NodeKind]

    @cached_property
    def successors(self) -> Mapping[str, tuple[str, ...]]:
        """Node -> where its edges lead, bounds' exits included, in the file's order."""
        found: dict[str, list[str]] = {n: [] for n in (START, *self.definition.nodes)}
        for edge in self.definition.edges:
            found[edge.from_].extend(t for t in edge.targets if t not in found[edge.from_])
        return {n: tuple(t) for n, t in found.items()}

    @cached_property
    def fanned(self) -> frozenset[str]:
        """Nodes that an `each` edge leads to."""
        return frozenset(e.to for e in self.definition.edges if e.each is not None)

    def reachable(self, start: str) -> frozenset[str]:
        """Everything that `start` leads to, itself only if a loop leads back."""
        return frozenset(self._walk(start))

    def _walk(self, start: str) -> Iterator[str]:
        queue = deque(self.successors[start])
        seen: set[str] = set()
        while queue:
            node = queue.popleft()
            if node in seen:
                continue
            seen.add(node)
            yield node
            queue.extend(self.successors.get(node, ()))

    def nearest_answer(self, node: str) -> str | None:
        """The nearest node after `node` that answers, or None; one that needs no more than every
        run has comes before one that reads, say, an earlier answer.
        """
        answering = [n for n in self._walk(node) if self._answers(n)]
        ready = [n for n in answering if self.kinds[n].reads <= INITIAL]
        return next(iter(ready or answering), None)

    def _answers(self, node: str) -> bool:
        return node in self.kinds and self.kinds[node].answers

    def in_loop(self, node: str) -> bool:
        """Whether a path leads from `node` back to it."""
        return node in self.reachable(node)

    def path(self, start: str, goal: str, avoid: Iterable[str] = ()) -> Path | None:
        """A shortest path from `start` to `goal` through nodes not in `avoid`, or None."""
        closed = set(avoid)
        queue: deque[Path] = deque([(start,)])
        seen: set[str] = set()
        while queue:
            path = queue.popleft()
            for target in self.successors.get(path[-1], ()):
                if target == goal:
                    return (*path, target)
                if target not in seen and target not in closed:
                    seen.add(target)
                    queue.append((*path, target))
        return None

    @cached_property
    def unbounded_loop(self) -> Path | None:
        """A loop without a bounded edge, first and last node alike, or None."""
        steps: dict[str, list[str]] = {n: [] for n in self.successors}
        for edge in self.definition.edges:
            steps[edge.from_].append(edge.to if edge.then is None else edge.then)
        done: set[str] = set()
        for start in steps:
            loop = _find_loop(start, steps, done)
            if loop is not None:
                return loop
        return None

    @cached_property
    def written(self) -> Mapping[str, frozenset[str]]:
        """Node -> the state keys that are surely written when it starts.

        Forced answers count as paths: from any node, as if it had written nothing.
        """
        everything = INITIAL.union({"item"}, *(k.writes for k in self.kinds.values()))
        before = dict.fromkeys((*self.kinds, END), everything)
        before[START] = INITIAL
        changed = True
        while changed:
            changed = False
            for target, keys in self._flows(before):
                narrowed = before[target] & keys
                changed = changed or narrowed != before[target]
                before[target] = narrowed
        return before

    def _flows(self, before: Mapping[str, frozenset[str]]) -> Iterator[tuple[str, frozenset[str]]]:
        for edge in self.definition.edges:
            after = self._after(edge.from_, before)
            yield edge.to, after | {"item"} if edge.each is not None else after
            if edge.then is not None:
                yield edge.then, after
            if edge.each is not None:
                for target in self.successors.get(edge.to, ()):
                    yield target, after
        for node in self.kinds:
            answer = None if self._answers(node) else self.nearest_answer(node)
            if answer is not None:
                yield answer, before[node] - self._branch_only(node)

    def _after(self, node: str, before: Mapping[str, frozenset[str]]) -> frozenset[str]:
        if node == START:
            return before[START]
        return (before[node] | self.kinds[node].writes) - self._branch_only(node)

    def _branch_only(self, node: str) -> frozenset[str]:
        return frozenset({"item"}) if node in self.fanned else frozenset()

    def split_joins(self) -> frozenset[str]:
        """Nodes where parallel branches of plain edges meet again: they wait for all of them."""
        joins: set[str] = set()
        for node in self.successors:
            heads = [e.to for e in parallel(self.definition.edges_from(node))]
            if len(heads) > 1:
                cones = [self.reachable(h) | {h} for h in heads if h != END]
                shared = {n for n in self.kinds if sum(n in c for c in cones) > 1}
                joins |= {n for n in shared if self._entered_from_outside(n, shared)}
        return frozenset(joins)

    def _entered_from_outside(self, node: str, inside: set[str]) -> bool:
        return any(node in self.successors[n] for n in self.kinds if n not in inside)


def parallel(edges: Iterable[Edge]) -> list[Edge]:
    """The edges that are all taken together when no `when` holds."""
    return [e for e in edges if e.when is None and not e.otherwise]


def _find_loop(start: str, steps: Mapping[str, list[str]], done: set[str]) -> Path | None:
    """Depth first from `start`; `done` collects nodes from which no loop was found."""
    path: list[str] = [start]
    pending = [iter(steps.get(start, ()))]
    while pending:
        target = next(pending[-1], None)
        if target is None:
            pending.pop()
            done.add(path.pop())
        elif target in path:
            return (*path[path.index(target) :], target)
        elif target not in done:
            path.append(target)
            pending.append(iter(steps.get(target, ())))
    return None
