"""Simulations of Monte-Carlo tree search, replayed on a tree from the first one on.

A tree of events holds proposals and verdicts, never visits. They are found again by running the
whole search on it: where a simulation needs what the tree does not hold, that is what to ask next.
"""

from collections import Counter
from typing import TYPE_CHECKING

from ragreason.errors import VerifierError
from ragreason.search.guided import lacking
from ragreason.search.scale import Scale
from ragreason.search.scores import process_score
from ragreason.search.siblings import families, priors
from ragreason.search.uct import UCT_C, puct, puct_c, uct
from ragreason.tree import ROOT, Expand, RollOut, Tree

if TYPE_CHECKING:
    from ragreason.search.mcts import MCTS

Path = tuple[int, ...]
"""Nodes from the root, included, to a leaf."""


class Simulations:
    """One run of the search: `visits` and `means` (of verifier scores) of each node reached."""

    def __init__(self, tree: Tree, rules: "MCTS") -> None:
        self.tree = tree
        self.rules = rules
        self.visits: Counter[int] = Counter()
        self.means: dict[int, float] = {}
        self.children: dict[int, tuple[int, ...]] = {}  # of expanded nodes, duplicates left out
        self._priors: dict[int, float] = {}
        self._own: dict[int, float | None] = {}
        self._scale = Scale()
        self._losses: Counter[int] = Counter()  # virtual ones, of the wave in flight
        self._fresh: Counter[int] = Counter()  # leaves below that may join the wave in flight

    def run(self) -> Expand | RollOut | None:
        """Simulate until the tree lacks something, and say what; None when all are done.

        Raises VerifierError where a verifier scored only some of a node's children.
        """
        wanted: Expand | RollOut | None = lacking(self.tree, [(ROOT, self.rules.branching)])
        if wanted is not None:
            return wanted
        self._reveal((ROOT,))
        while self.visits[ROOT] < self.rules.simulations:
            wave = self._wave()
            wanted = self._wanted(wave)
            if wanted is not None:
                return wanted
            self._settle(wave)
        return None

    def own_value(self, node: int) -> float | None:
        """What the verdicts on the node say: process and outcome score mixed, or the one there is;
        None without verdicts.
        """
        if node not in self._own:
            process = process_score(self.tree, node, self.rules.aggregation)
            verdict = self.tree.verdict(node, outcome=True)
            outcome = verdict.score if verdict is not None else None
            self._own[node] = _mixed(process, outcome, self.rules.mix)
        return self._own[node]

    def _wave(self) -> list[Path]:
        """The next simulations, up to `parallel` of them; those that need proposals are returned.

        Each of these counts as a visit of the lowest value until the wave is over: a virtual loss.
        The others, at ends of the search, are backed up at once.
        """
        waiting: list[Path] = []
        for _ in range(min(self.rules.parallel, self.rules.simulations - self.visits[ROOT])):
            path = self._selected()
            if self._is_end(path):
                self._back_up(path, self._value(path[-1]))
            else:
                if path not in waiting:
                    self._fresh.subtract(path)
                self._losses.update(path)
                waiting.append(path)
        return waiting

    def _selected(self) -> Path:
        """From the root by the most urgent child to a node that was not expanded or has none."""
        path = [ROOT]
        while self.children.get(path[-1]):
            node = path[-1]
            choice = self.children[node]
            if self._fresh[node]:  # what is in flight already is passed over while there is more
                choice = tuple(c for c in choice if self._fresh[c] or not self._losses[c])
            depth = len(path)
            path.append(max(choice, key=lambda child: self._rank(node, child, depth)))
        return tuple(path)

    def _rank(self, node: int, child: int, depth: int) -> tuple[float, float, float]:
        """Urgency; then, for ties, what is thought of the child before it is visited."""
        estimate, prior = self._estimate(child, depth), self._priors[child]
        return self._urgency(node, child, estimate), estimate, prior

    def _urgency(self, node: int, child: int, estimate: float) -> float:
        real, visits = self.visits[child], self.visits[child] + self._losses[child]
        parent_visits = self.visits[node] + self._losses[node]
        first, c = self.rules.first_play_urgency, self.rules.exploration
        if visits:
            value = self._scale.unit(self.means[child]) * (real / visits) if real else 0.0
        else:
            value = estimate if first is None else first
        if self.rules.formula == "puct":
            c = puct_c(parent_visits) if c is None else c
            return puct(value, self._priors[child], visits, parent_visits, c)
        if visits == 0 and first is not None:
            return first
        return uct(value, visits, parent_visits, UCT_C if c is None else c)

    def _estimate(self, node: int, depth: int) -> float:
        """The verdicts on a node as a value in [0, 1]; 0 at `max_depth` without an answer."""
        if depth >= self.rules.max_depth and not self.tree.finished(node):
            return 0.0
        own = self.own_value(node)
        return self._neutral if own is None else self._scale.unit(own)

    @property
    def _neutral(self) -> float:
        """What nothing is known of: in [0, 1]."""
        first = self.rules.first_play_urgency
        return 0.5 if first is None else first

    def _is_end(self, path: Path) -> bool:
        """Whether the leaf can't go on: finished, at `max_depth`, or all its proposals failed."""
        leaf, depth = path[-1], len(path) - 1
        return self.tree.finished(leaf) or depth >= self.rules.max_depth or leaf in self.children

    def _wanted(self, wave: list[Path]) -> Expand | RollOut | None:
        leaves = tuple(dict.fromkeys(path[-1] for path in wave))
        expand = lacking(self.tree, ((leaf, self.rules.branching) for leaf in leaves))
        if expand is not None or not self.rules.roll_out:
            return expand
        ends = tuple(end for end in map(self._rolled_out, leaves) if self._goes_on(end))
        return RollOut(ends) if ends else None

    def _rolled_out(self, leaf: int) -> int:
        """Where the first proposal that did not fail leads from an expanded leaf.

        Below that it is the first one, failed or not: later ones may have been added since.
        """
        children = self.tree.children(leaf)
        end = next((child for child in children if not self.tree.failed(child)), None)
        if end is None:
            return children[0] if children else leaf
        while self.tree.children(end):
            end = self.tree.children(end)[0]
        return end

    def _goes_on(self, node: int) -> bool:
        ended = self.tree.finished(node) or self.tree.failed(node)
        return not ended and self.tree.depth(node) < self.rules.max_depth

    def _settle(self, wave: list[Path]) -> None:
        """The wave's proposals are there: its leaves become inner nodes, its values count."""
        self._losses.clear()
        for path in dict.fromkeys(wave):
            self._reveal(path)
        for path in wave:
            self._back_up(path, self._value(path[-1]))

    def _reveal(self, path: Path) -> None:
        node = path[-1]
        found = families(self.tree, self.tree.children(node))
        children = tuple(family[0] for family in found)
        self._check_scores(children)
        self.children[node] = children
        self._priors.update(priors(self.tree, found))
        for own in map(self.own_value, children):
            if own is not None:
                self._scale.see(own)
        fresh = [child for child in children if not self._is_end((*path, child))]
        self._fresh.update(fresh)
        self._fresh.update(dict.fromkeys(path, len(fresh)))

    def _check_scores(self, children: tuple[int, ...]) -> None:
        silent = [child for child in children if self.own_value(child) is None]
        judged = any(self.tree.verdict(child) is not None for child in children)
        if silent and judged:
            raise VerifierError(
                f"{len(children)} siblings are to be compared, {len(children) - len(silent)} of "
                f"them have scores; node {silent[0]} has none"
            )

    def _value(self, leaf: int) -> float:
        """What a simulation that ends here backs up: a dead end the lowest score there is."""
        if self.children.get(leaf) == ():
            return self._scale.score(0.0)
        end = self._rolled_out(leaf) if self.rules.roll_out else leaf
        dead = not self.tree.finished(end) and self.tree.depth(end) >= self.rules.max_depth
        if dead or self.tree.failed(end):
            return self._scale.score(0.0)
        own = self.own_value(end)
        if own is None:
            return self._scale.score(self._neutral)
        self._scale.see(own)
        return own

    def _back_up(self, path: Path, value: float) -> None:
        """One more visit for each node on the path, `value` in its running mean."""
        for node in path:
            self.visits[node] += 1
            mean = self.means.get(node, 0.0)
            self.means[node] = mean + (value - mean) / self.visits[node]


def _mixed(process: float | None, outcome: float | None, mix: float) -> float | None:
    if process is None or outcome is None:
        return process if outcome is None else outcome
    low, high = sorted((process, outcome))
    return min(max((1 - mix) * process + mix * outcome, low), high)
