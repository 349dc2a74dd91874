"""Sequential revision on hand-drawn chains, and with real prompts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pytest

from ragreason.errors import ConfigError
from ragreason.generation.scripted import Scripted
from ragreason.nodes.search import reason
from ragreason.policies.cot import Cot
from ragreason.policies.ircot import IRCoT
from ragreason.policies.react import ReAct
from ragreason.protocols import Aggregation, Costs, Item, Judges, Policy, Retriever
from ragreason.search.revise import Revise
from ragreason.tree import Added, Event, Expand, Finish, Mark, Tree
from ragreason.types import Budget, Question, Request, Step, Trajectory, Usage, Verdict
from tests.search.drawn import scored, step


def chain(*kinds: str, outcomes: dict[int, float] | None = None) -> Tree:
    """t: a thought; a: an answer; c: an answer cut by the length limit; x: a failed proposal."""
    made: dict[str, Step | None] = {
        "t": step("t"),
        "a": step("a", "answer"),
        "c": step("c", "answer", truncated=True),
        "x": None,
    }
    events: list[Event] = [Added(parent=i, step=made[kind]) for i, kind in enumerate(kinds)]
    return Tree([*events, *scored(outcomes or {}, outcome=True)])


def decide(strategy: Revise, tree: Tree) -> object:
    return strategy.decide(tree, Usage())


def test_it_follows_one_chain_and_attempts_again_after_an_answer() -> None:
    strategy = Revise(attempts=3)
    assert decide(strategy, Tree()) == Expand(((0, 1),))
    assert decide(strategy, chain("t")) == Expand(((1, 1),))
    assert decide(strategy, chain("t", "a", outcomes={2: 0.5})) == Expand(((2, 1),))
    assert decide(strategy, chain("t", "a", "t", outcomes={2: 0.5})) == Expand(((3, 1),))


def test_the_best_attempt_is_kept_and_ties_go_to_the_earliest() -> None:
    tree = chain("a", "a", "a", outcomes={1: 0.25, 2: 0.75, 3: 0.5})
    assert decide(Revise(attempts=3), tree) == Finish(((2, 0.75), (3, 0.5), (1, 0.25)))
    tree = chain("a", "a", outcomes={1: 0.5, 2: 0.5})
    assert decide(Revise(attempts=2), tree) == Finish(((1, 0.5), (2, 0.5)))


def test_it_stops_where_a_score_is_enough() -> None:
    tree = chain("a", outcomes={1: 0.75})
    assert decide(Revise(enough=0.75), tree) == Finish(((1, 0.75),))
    assert decide(Revise(enough=0.76), tree) == Expand(((1, 1),))
    assert decide(Revise(), tree) == Expand(((1, 1),)), "by default all attempts are made"


def test_each_attempt_has_its_own_number_of_steps() -> None:
    strategy = Revise(max_depth=2)
    assert decide(strategy, chain("t", "t")) == Finish(())
    tree = chain("t", "a", "t", outcomes={2: 0.5})
    assert decide(strategy, tree) == Expand(((3, 1),))
    tree = chain("t", "a", "t", "t", outcomes={2: 0.5})
    assert decide(strategy, tree) == Finish(((2, 0.5),))


def test_a_cut_answer_is_no_attempt() -> None:
    assert decide(Revise(attempts=1), chain("c")) == Expand(((1, 1),))


def test_a_failed_proposal_is_not_tried_again() -> None:
    assert decide(Revise(), chain("a", "x", outcomes={1: 0.5})) == Finish(((1, 0.5),))
    assert decide(Revise(), chain("x")) == Finish(())


@pytest.mark.parametrize(("how", "score"), [("last", 1.0), ("mean", 0.75), ("product", 0.5)])
def test_where_only_steps_are_judged_an_attempt_counts_by_its_own(
    how: Aggregation, score: float
) -> None:
    tree = chain("t", "a", "t", "a")
    tree = Tree([*tree.events, *scored({1: 0.25, 2: 0.25, 3: 0.5, 4: 1.0})])
    assert Revise(aggregation=how).finish(tree).nodes[0] == (4, score)


def test_each_attempt_is_marked_with_its_score() -> None:
    tree = chain("t", "a", "a", outcomes={2: 0.25, 3: 0.5})
    assert Revise().marks(tree) == {2: Mark(value=0.25), 3: Mark(value=0.5)}


@dataclass(frozen=True)
class Knows:
    """Says what it misses until it reads the right year."""

    judges: ClassVar[frozenset[Judges]] = frozenset({"trajectory"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "last"
    costs: ClassVar[Costs] = "nothing"

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """0.9 for 1874, 0.2 for others."""
        del question
        return [_verdict(item) for item in items]


@dataclass(frozen=True)
class KnowsSteps(Knows):
    """The same, of steps."""

    judges: ClassVar[frozenset[Judges]] = frozenset({"step"})


def _verdict(item: Item) -> Verdict:
    answer = item.answer if isinstance(item, Step | Trajectory) else ""
    if answer == "1874":
        return Verdict(score=0.9, label="supported")
    return Verdict(score=0.2, label="unsupported", unsupported=("year",), missing=("a birth",))


def writer(request: Request) -> str:
    """Another answer once the first one was held against it."""
    year = "1874" if "Review:" in request.prefill else "1901"
    return f" In {year}, so the answer is: {year}\nAnswer: {year}"


@pytest.mark.parametrize("verifier", [Knows(), KnowsSteps()], ids=["outcomes", "steps"])
@pytest.mark.parametrize(
    "policy", [Cot(), ReAct(), IRCoT(min_sentences=0)], ids=["cot", "react", "ircot"]
)
async def test_every_policy_sees_what_was_held_against_its_last_answer(
    policy: Policy, verifier: Knows, retriever: Retriever
) -> None:
    engine = Scripted(default=writer)
    found = await reason(
        "When was the designer of the Sallow Bridge born?",
        policy=policy,
        strategy=Revise(enough=0.9, max_depth=4),
        engine=engine,
        verifier=verifier,
        retriever=retriever,
    )
    assert found.answer == "1874"
    answers = [found.tree.step(node) for node in found.tree.answers]
    assert [step.answer for step in answers if step] == ["1901", "1874"]
    last = engine.requests[-1]
    assert {"\nReview:", "\n"} & set(last.stop), "it writes no review itself"
    review = next(line for line in last.prefill.splitlines() if line.startswith("Review:"))
    assert '"1901" is not supported' in review
    assert "Without support: year." in review
    assert "Missing: a birth." in review


async def test_a_budget_ends_it_with_the_best_attempt_so_far(retriever: Retriever) -> None:
    found = await reason(
        "When was the designer of the Sallow Bridge born?",
        policy=Cot(),
        strategy=Revise(attempts=10),
        engine=Scripted(default=writer),
        verifier=Knows(),
        budget=Budget(calls=3),
    )
    assert found.forced == "budget of calls"
    assert (found.answer, found.usage.calls, len(found.tree.answers)) == ("1874", 3, 3)


async def test_without_a_verifier_it_is_refused() -> None:
    with pytest.raises(ConfigError, match="'revise' needs a verifier"):
        await reason("q", policy=Cot(), strategy=Revise(), engine=Scripted())
