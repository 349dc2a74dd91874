"""A search ends where the evidence suffices, and the answer node reads what it found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from ragreason import reason
from ragreason.errors import ConfigError
from ragreason.generation.scripted import Scripted
from ragreason.nodes.reason import Reason
from ragreason.policies.react import ReAct
from ragreason.protocols import Aggregation, Costs, Item, Judges, Retriever
from ragreason.search.greedy import Greedy
from ragreason.search.majority import Majority
from ragreason.state import initial
from ragreason.types import Question, Step, Trajectory, Verdict

QUESTION = Question(id="q", text="When was the designer of the Sallow Bridge born?")
SEARCH = " hm\nSearch: Edda Quill born"
MORE = " hm\nSearch: cattle fair"
ANSWER = " found\nAnswer: 1874"


@dataclass(frozen=True)
class Found:
    """How many of the passages that are needed the last step, or its trajectory, holds."""

    judges: ClassVar[frozenset[Judges]] = frozenset({"step", "trajectory"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "last"
    costs: ClassVar[Costs] = "nothing"

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        return [Verdict(score=self._score(item)) for item in items]

    def _score(self, item: Item) -> float:
        if isinstance(item, Trajectory):
            return 0.3
        assert isinstance(item, Step)
        return 0.9 if item.query == "Edda Quill born" else 0.2


@dataclass(frozen=True)
class Outcomes(Found):
    judges: ClassVar[frozenset[Judges]] = frozenset({"trajectory"})


def node(retriever: Retriever, engine: Scripted, **parts: Any) -> Reason:
    made: dict[str, Any] = {
        "policy": ReAct(),
        "strategy": Greedy(max_depth=6),
        "verifier": Found(),
        "retriever": retriever,
        **parts,
    }
    return Reason(name="solve", engine=engine, **made)


async def test_a_step_that_suffices_ends_the_search_without_an_answer(
    retriever: Retriever,
) -> None:
    engine = Scripted([SEARCH, MORE, ANSWER])
    update = await node(retriever, engine, stop_at=0.8)(initial(QUESTION))
    assert engine.calls == 1
    assert [s.kind for s in update["trajectory"].steps] == ["search", "search"]
    assert (update["draft"], update["forced"]) == ("", "")
    kept = {e.hit.passage.title for e in update["evidence"].values() if e.keep}
    assert "Edda Quill" in kept


@pytest.mark.parametrize("stop_at", [0.95, None])
async def test_below_the_score_the_search_goes_on(
    retriever: Retriever, stop_at: float | None
) -> None:
    engine = Scripted([SEARCH, MORE, ANSWER])
    update = await node(retriever, engine, stop_at=stop_at)(initial(QUESTION))
    assert engine.calls == 3
    assert update["draft"] == "1874"


async def test_of_several_branches_the_best_is_read() -> None:
    @dataclass(frozen=True)
    class ByWord(Found):
        def _score(self, item: Item) -> float:
            assert isinstance(item, Step)
            return {"a": 0.5, "b": 0.7, "c": 0.7}.get(item.query, 0.0)

    found = await reason(
        QUESTION,
        policy=ReAct(temperature=1.0, search_first=False),
        strategy=Majority(n=3),
        engine=Scripted([f" hm\nSearch: {word}" for word in "abc"]),
        verifier=ByWord(),
        stop_at=0.5,
    )
    ((best, weight),) = found.best
    step = found.tree.step(best)
    assert step is not None
    assert (step.query, weight) == ("b", 0.7)


@pytest.mark.parametrize(
    ("verifier", "said"), [(None, "none was given"), (Outcomes(), "scores traj")]
)
def test_a_verifier_without_scores_of_steps_is_refused(
    retriever: Retriever, verifier: Any, said: str
) -> None:
    with pytest.raises(ConfigError, match=rf"'stop_at' needs .* steps; .*{said}.*groundedness"):
        node(retriever, Scripted(), verifier=verifier, stop_at=0.5)
