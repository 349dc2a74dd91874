"""What becomes of proposals that are asked for and don't come."""

from dataclasses import dataclass
from typing import Any

import pytest

from ragreason import reason
from ragreason.generation.scripted import Scripted
from ragreason.policies.react import ReAct
from ragreason.search.majority import Majority
from ragreason.types import Question, Step

QUESTION = Question(id="q", text="When was the designer of the Sallow Bridge born?")


@dataclass(frozen=True)
class Short(ReAct):
    """Gives all proposals but the last `lost` of a request."""

    lost: int = 0

    async def propose(self, *args: Any, **options: Any) -> list[Step]:
        steps = await super().propose(*args, **options)
        return steps[: len(steps) - self.lost]


@pytest.mark.parametrize("lost", [0, 1, 3])
async def test_fewer_proposals_than_asked_for_are_not_filled_with_copies(lost: int) -> None:
    found = await reason(
        QUESTION,
        policy=Short(search_first=False, temperature=0.8, lost=lost),
        strategy=Majority(n=4),
        engine=Scripted(default=[f" hm\nAnswer: {year}" for year in (1874, 1875, 1876, 1877)]),
    )
    tree, came = found.tree, 4 - lost
    assert [tree.failed(node) for node in tree.children(0)] == [False] * came + [True] * lost
    assert [node for node, _ in found.best] == list(tree.answers), "only what came votes"
    assert {weight for _, weight in found.best} == {1 / came}
