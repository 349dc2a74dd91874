"""Trees drawn by hand, and worlds in which every path has a known score."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ragreason.protocols import Strategy
from ragreason.tree import Added, Asked, Event, Expand, Finish, Judged, RollOut, Tree
from ragreason.types import Step, StepKind, Usage, Verdict

Path = tuple[int, ...]


def step(
    text: str, kind: StepKind = "thought", logprob: float | None = None, **more: object
) -> Step:
    """A step; `logprob` is its mean, over two tokens."""
    said = {"answer": text} if kind == "answer" else {"query": text} if kind == "search" else {}
    told = {} if logprob is None else {"logprob": 2 * logprob, "token_ids": (1, 2)}
    return Step.model_validate({"kind": kind, "text": text, **said, **told, **more})


def under(parent: int, *proposals: Step | None) -> list[Event]:
    """Proposals asked for in one request; None is one that failed."""
    asked = Asked(node=parent, n=len(proposals))
    return [asked, *(Added(parent=parent, step=one) for one in proposals)]


def scored(scores: dict[int, float], *, outcome: bool = False) -> list[Event]:
    """Verdicts on nodes."""
    return [
        Judged(node=node, verdict=Verdict(score=score), outcome=outcome)
        for node, score in scores.items()
    ]


def thoughts(*scores: float, parent: int = 0, first: int = 1) -> list[Event]:
    """Scored thoughts under a node, the first of them numbered `first`, all of them different."""
    said = [step(f"{parent}.{i}") for i in range(len(scores))]
    return [*under(parent, *said), *scored(dict(enumerate(scores, start=first)))]


@dataclass
class World:
    """Plays the proposer and the verifier: what stands at each path, by place among siblings.

    `propose` gives the step at a path (None: it fails), `score` its process score, `outcome` an
    answer's. `waves` holds every decision but the last.
    """

    propose: Callable[[Path], Step | None]
    score: Callable[[Path], float | None] = lambda path: 0.5
    outcome: Callable[[Path], float | None] = lambda path: None
    events: list[Event] = field(default_factory=list)
    waves: list[Expand | RollOut] = field(default_factory=list)

    def play(self, strategy: Strategy, at_most: int = 2000) -> Finish:
        """Search until the strategy finishes, checking what every strategy must keep."""
        for _ in range(at_most):
            tree = Tree(self.events)
            decision = strategy.decide(tree, Usage())
            assert strategy.decide(Tree(list(self.events)), Usage()) == decision
            if isinstance(decision, Finish):
                return decision
            self.waves.append(decision)
            wanted = wanted_of(decision)
            assert len({node for node, _ in wanted}) == len(wanted), "asked twice in one wave"
            for node, n in wanted:
                assert not tree.finished(node)
                assert not tree.failed(node)
                self._grow(tree.places(node), node, n, len(tree.children(node)))
        raise AssertionError("it never finished")

    def _grow(self, path: Path, node: int, n: int, known: int) -> None:
        self.events.append(Asked(node=node, n=n))
        first = sum(isinstance(event, Added) for event in self.events) + 1
        for i in range(n):
            place = (*path, known + i)
            proposal = self.propose(place)
            self.events.append(Added(parent=node, step=proposal))
            if proposal is not None:
                self._judge(first + i, place, proposal)

    def _judge(self, node: int, path: Path, proposal: Step) -> None:
        score, outcome = self.score(path), self.outcome(path)
        if score is not None:
            self.events += scored({node: score})
        if outcome is not None and proposal.kind == "answer" and not proposal.truncated:
            self.events += scored({node: outcome}, outcome=True)

    @property
    def tree(self) -> Tree:
        """What was found."""
        return Tree(self.events)

    def at(self, *path: int) -> int:
        """The node at a path."""
        node = 0
        for place in path:
            node = self.tree.children(node)[place]
        return node


def wanted_of(decision: Expand | RollOut) -> Sequence[tuple[int, int]]:
    """Nodes and how many proposals each is to get."""
    if isinstance(decision, Expand):
        return decision.nodes
    return [(node, 1) for node in decision.nodes]


def drawn_at(path: Path, seed: int) -> random.Random:
    """Chance that depends on the place only, so that every search sees the same world."""
    return random.Random(f"{seed}/{path}")


def chance_world(
    seed: int, *, answers: float = 0.2, fails: float = 0.1, same: float = 0.2, scores: bool = True
) -> World:
    """Steps are answers, fail, or repeat their first sibling with these probabilities."""

    def propose(path: Path) -> Step | None:
        if drawn_at(path, seed).random() < fails:
            return None
        again = path[-1] > 0 and drawn_at(path, seed + 1).random() < same
        place = (*path[:-1], 0) if again else path
        ends = drawn_at(place, seed + 2).random() < answers
        return step(str(place), "answer" if ends else "thought")

    def score(path: Path) -> float | None:
        return drawn_at(path, seed + 3).random() if scores else None

    return World(propose, score, lambda path: drawn_at(path, seed + 4).random())


def thinking(path: Path) -> Step:
    """A thought at every place, all of them different."""
    return step(str(path))


def answering_at(depth: int) -> Callable[[Path], Step]:
    """Thoughts above this depth, answers at it."""
    return lambda path: step(str(path), "answer" if len(path) == depth else "thought")
