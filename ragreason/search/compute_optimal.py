"""Compute-optimal search: a few samples tell how hard a question is, a table what that deserves."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import fsum
from typing import Annotated, Any, ClassVar, cast

from pydantic import Field

from ragreason.protocols import Aggregation, Judges, Strategy
from ragreason.search.choices import Choice, Choices, NamedStrategy, read_choices
from ragreason.search.rank import by_outcome, open_leaves
from ragreason.search.scores import outcome_score
from ragreason.search.view import View, without_branches
from ragreason.search.voting import ballots, ranked
from ragreason.tree import ROOT, Decision, Expand, Finish, Mark, Tree
from ragreason.types import Usage

MORE_VOTES = tuple(
    Choice(at_most=at_most, strategy=NamedStrategy.model_validate({"use": "majority", "n": n}))
    for at_most, n in ((0.25, 4), (0.6, 8), (1.0, 16))
)
"""Where nothing was calibrated: more votes where fewer agree. Needs no verifier."""


@dataclass(frozen=True)
class ComputeOptimal:
    """Draw `probes` trajectories of at most `max_depth` steps, estimate the difficulty from them,
    and hand over to the first of `choices` whose `at_most` is not below it.

    Difficulty is 1 - the mean outcome score of the probes, which is made for scores in [0, 1] and
    cut off there; without verdicts it is 1 - the share of the probes that give the commonest
    answer. A probe without an answer counts as 0. `search.calibrate` makes the table from measured
    runs.

    A choice that samples from the root (`tops_up`) goes on with the probes as its first samples, so
    it never has fewer than those. Another one searches beside them, on the tree without the probes;
    at the end all answers are ranked together by outcome score, as the weights of different
    strategies can't be compared, or, without verdicts, the probes come after the choice's own.
    Source: arXiv 2408.03314.
    """

    wants: ClassVar[frozenset[Judges]] = frozenset({"trajectory"})
    revises: ClassVar[bool] = False

    probes: Annotated[int, Field(ge=1, le=64)] = 4
    max_depth: Annotated[int, Field(ge=1, le=100)] = 8
    choices: Choices = MORE_VOTES
    aggregation: Aggregation | None = None

    def __post_init__(self) -> None:
        """Check the choices, plain data too; want what they want. Raises ConfigError."""
        object.__setattr__(self, "choices", read_choices(self.choices))
        wants = frozenset().union(type(self).wants, *(part.wants for part in self.delegates))
        object.__setattr__(self, "wants", wants)
        revises = any(getattr(part, "revises", False) for part in self.delegates)
        object.__setattr__(self, "revises", revises)

    @cached_property
    def delegates(self) -> tuple[Strategy, ...]:
        """The strategies of `choices`, with this one's aggregation where they have none."""
        made: list[Any] = [choice.strategy.made() for choice in self.choices]
        return tuple(
            replace(part, aggregation=self.aggregation)
            if self.aggregation and getattr(part, "aggregation", "") is None
            else part
            for part in made
        )

    @property
    def priors(self) -> bool:
        """Whether one of them looks at how likely its proposals are."""
        return any(getattr(part, "priors", False) for part in self.delegates)

    def decide(self, tree: Tree, spent: Usage) -> Decision:
        """The next step of the probes, then what the choice for their difficulty decides."""
        probing = self._probing(tree)
        if probing:
            return probing
        chosen, view = self._chosen(tree)
        decision = chosen.decide(view.tree, spent)
        return self.finish(tree) if isinstance(decision, Finish) else view.whole(decision)

    def finish(self, tree: Tree) -> Finish:
        """The choice's best and the probes; while still probing, the probes."""
        if self._probing(tree):
            return self._by_outcome(tree) or _by_votes(tree)
        chosen, view = self._chosen(tree)
        found = cast(Finish, view.whole(chosen.finish(view.tree)))
        if getattr(chosen, "tops_up", False):
            return found
        return self._by_outcome(tree) or _with_rest(tree, found)

    def marks(self, tree: Tree) -> Mapping[int, Mark]:
        """Each answer's outcome score and what the choice says of its nodes; on the root, where the
        choice says nothing of it, the estimate of how easy the question is.
        """
        scores = {node: outcome_score(tree, node, self.aggregation) for node in tree.answers}
        marks = {node: Mark(value=score) for node, score in scores.items() if score is not None}
        if self._probing(tree):
            return marks
        chosen, view = self._chosen(tree)
        made: Any = chosen
        own: Mapping[int, Mark] = made.marks(view.tree) if hasattr(made, "marks") else {}
        easy = {ROOT: Mark(value=1 - self.difficulty(tree))}
        return {**marks, **easy, **{view.nodes[node]: mark for node, mark in own.items()}}

    def difficulty(self, tree: Tree) -> float:
        """Of the question, by its probes, from 0 to 1. What came after them does not count."""
        ends = [
            node
            for node in tree.answers
            if tree.path(node)[0] in self._branches(tree) and tree.depth(node) <= self.max_depth
        ]
        scores = [outcome_score(tree, node, self.aggregation) for node in ends]
        known = [score for score in scores if score is not None]
        agreeing = max(map(len, ballots(tree, ends)), default=0)
        return min(max(1 - (fsum(known) if known else agreeing) / self.probes, 0.0), 1.0)

    def choice(self, difficulty: float) -> Strategy:
        """The strategy for this difficulty."""
        places = (i for i, c in enumerate(self.choices) if c.at_most >= difficulty)
        return self.delegates[next(places)]

    def _branches(self, tree: Tree) -> tuple[int, ...]:
        return tuple(tree.children(ROOT)[: self.probes])

    def _probing(self, tree: Tree) -> Expand | None:
        """The next step of the probes; None when each has ended."""
        lacking = self.probes - tree.asked.get(ROOT, 0)
        branches = self._branches(tree)
        going = [n for n in open_leaves(tree, self.max_depth) if tree.path(n)[0] in branches]
        nodes = (*(((ROOT, lacking),) if lacking > 0 else ()), *((node, 1) for node in going))
        return Expand(nodes) if nodes else None

    def _chosen(self, tree: Tree) -> tuple[Strategy, View]:
        """The strategy for the probes' difficulty, and the tree as it sees it."""
        chosen = self.choice(self.difficulty(tree))
        hidden = () if getattr(chosen, "tops_up", False) else self._branches(tree)
        return chosen, without_branches(tree, hidden)

    def _by_outcome(self, tree: Tree) -> Finish | None:
        """All answers by outcome; None where nothing was judged."""
        scores = (outcome_score(tree, node, self.aggregation) for node in tree.answers)
        if all(score is None for score in scores):
            return None
        return by_outcome(tree, self.aggregation)


def _by_votes(tree: Tree) -> Finish:
    groups = ballots(tree)
    voting = sum(map(len, groups))
    return ranked(tree, [(group, len(group) / voting) for group in groups])


def _with_rest(tree: Tree, best: Finish) -> Finish:
    known = dict(best.nodes)
    least = min([0.0, *known.values()])
    rest = tuple((node, least) for node in tree.answers if node not in known)
    return Finish((*best.nodes, *rest))
