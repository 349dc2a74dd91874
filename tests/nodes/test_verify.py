"""A verifier that judges steps in their context reads each trajectory once."""

from dataclasses import dataclass
from typing import ClassVar

from ragreason import reason
from ragreason.protocols import Judges
from ragreason.search.beam import Beam
from ragreason.types import Trajectory
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
