"""What is judged is judged once, in its context too, and stays when a budget ends the rest."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ragreason import reason
from ragreason.generation.metered import Metered
from ragreason.generation.scripted import Scripted
from ragreason.protocols import Judges
from ragreason.search.beam import Beam
from ragreason.types import Budget, Step, Trajectory
from tests.search_runs.parts import POLICY, QUESTION, Finder, Scores, reasoner


@dataclass(frozen=True)
class InContext(Scores):
    """Judges a trajectory's last step, and trajectories as a whole."""

    judges: ClassVar[frozenset[Judges]] = frozenset({"prefix", "trajectory"})


async def test_each_step_is_judged_once_in_its_context_and_an_answer_s_outcome_is_that() -> None:
    verifier = InContext()
    found = await reason(
        QUESTION,
        policy=POLICY,
        strategy=Beam(width=2, branching=2, max_depth=4),
        engine=reasoner(3, ragged=True),
        verifier=verifier,
        retriever=Finder(),
        seed=1,
    )
    tree = found.tree
    nodes = [node for node in range(1, len(tree)) if not tree.failed(node)]
    seen = [len(item.steps) for item in verifier.seen if isinstance(item, Trajectory)]
    assert seen == [tree.depth(node) for node in nodes], "no prefix again, no answer twice"
    assert tree.answers
    for node in tree.answers:
        assert tree.verdict(node, outcome=True) == tree.verdict(node)


async def test_verdicts_on_steps_stay_where_a_budget_stops_those_on_outcomes() -> None:
    verifier = Scores(reader=Metered(Scripted()))
    parts: dict[str, Any] = {
        "policy": POLICY,
        "strategy": Beam(width=2, branching=2, max_depth=2),
        "engine": reasoner(1),
        "verifier": verifier,
    }
    found = await reason(QUESTION, **parts, budget=Budget(calls=1 + 4))
    tree = found.tree
    assert (found.forced, found.usage.calls, len(tree.answers)) == ("budget of calls", 5, 4)
    scores = {node: score for node in tree.answers for score in tree.step_scores(node)}
    best = sorted(scores, key=lambda node: -(scores[node] or 0))
    assert list(found.best) == [(node, scores[node]) for node in best]
    verifier.seen.clear()
    whole = await reason(QUESTION, **parts, events=tree.events)
    assert (whole.forced, len(verifier.seen)) == ("", 4)
    assert not any(isinstance(item, Step) for item in verifier.seen), "steps are not judged again"
