"""Several verifiers as one: what it judges, how it puts scores together, and how graphs name it."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, inf
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.errors import ConfigError, VerifierError
from ragreason.generation.metered import Metered
from ragreason.generation.scripted import Scripted
from ragreason.graph.bind import Binder, Parts
from ragreason.graph.checks import check_graph
from ragreason.graph.read import parse_graph
from ragreason.graph.schema import graph_schema
from ragreason.protocols import Aggregation, Costs, Item, Judges, Verifier
from ragreason.types import Hit, Label, Passage, Question, Step, Trajectory, Verdict
from ragreason.verification.ensemble import Ensemble, fit_weights
from ragreason.verification.groundedness import Groundedness
from ragreason.verification.relevance import Relevance

Q = Question(id="q", text="Who?")
THOUGHT = Step(kind="thought", text="Hm.")
ANSWER = Step(kind="answer", text="Ada", answer="Ada")
CUT = Step(kind="answer", text="Ad", answer="Ad", truncated=True)
HIT = Hit(passage=Passage(id="1", title="T", text="x"), score=1, rank=1, source="test")
FINISHED = Trajectory(steps=(THOUGHT, ANSWER))
UNFINISHED = Trajectory(steps=(THOUGHT,))


@dataclass
class Says:
    """Gives every item one score, and keeps what it was given."""

    score: float = 0.5
    judges: frozenset[Judges] = frozenset({"step", "trajectory"})
    range: tuple[float, float] = (0.0, 1.0)
    aggregation: Aggregation = "mean"
    costs: Costs = "nothing"
    label: Label | None = None
    unsupported: tuple[str, ...] = ()
    reason: str = ""
    seen: list[Item] = field(default_factory=list)

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        self.seen += items
        verdict = Verdict(
            score=self.score, label=self.label, unsupported=self.unsupported, reason=self.reason
        )
        return [verdict for _ in items]


def made(*members: Any, **fields: Any) -> Ensemble:
    return Ensemble(members=members, **fields)


async def score(ensemble: Ensemble, item: Item = FINISHED) -> float:
    (verdict,) = await ensemble.judge(Q, [item])
    return verdict.score


async def test_scores_are_averaged_by_weight() -> None:
    one, other = Says(0.2), Says(0.8)
    assert await score(made(one, other)) == pytest.approx(0.5)
    assert await score(made(one, other, weights=(3.0, 1.0))) == pytest.approx(0.35)


async def test_scores_of_other_ranges_are_mapped_to_the_unit_interval() -> None:
    assert await score(made(Says(-1.0, range=(-2.0, 2.0)), Says(0.75))) == pytest.approx(0.5)


async def test_an_intercept_makes_it_a_logistic_map_of_the_raw_scores() -> None:
    fitted = made(Says(-1.0, range=(-inf, 0.0)), Says(0.5), weights=(2.0, -1.0), intercept=0.5)
    assert await score(fitted) == pytest.approx(1 / (1 + exp(2.0)))


async def test_a_fit_prefers_the_member_that_knows() -> None:
    rng = np.random.default_rng(1)
    right = rng.random(600) < 0.4
    knows = np.clip(0.3 + 0.4 * right + 0.15 * rng.normal(size=600), 0, 1)
    fitted = fit_weights(np.column_stack([knows, rng.random(600)]), right)
    assert fitted["weights"][0] > 5 * abs(fitted["weights"][1])
    good, bad = (made(Says(s), Says(0.5), **fitted) for s in (0.75, 0.25))
    assert await score(good) > 0.5 > await score(bad)


async def test_a_member_that_can_not_judge_an_item_is_left_out_with_its_weight() -> None:
    hits = Says(0.9, judges=frozenset({"hits"}))
    steps = Says(0.1, judges=frozenset({"step"}))
    both = made(hits, steps, weights=(5.0, 1.0))
    found = await both.judge(Q, [HIT, THOUGHT, HIT])
    assert [v.score for v in found] == pytest.approx([0.9, 0.1, 0.9])
    assert (hits.seen, steps.seen) == ([HIT, HIT], [THOUGHT])


async def test_a_member_of_weight_0_is_not_asked() -> None:
    idle = Says(0.9)
    assert await score(made(Says(0.1), idle, weights=(1.0, 0.0))) == pytest.approx(0.1)
    assert not idle.seen


@pytest.mark.parametrize(
    ("judges", "item", "given"),
    [
        ({"prefix"}, UNFINISHED, UNFINISHED),
        ({"prefix"}, FINISHED, FINISHED),
        ({"step"}, UNFINISHED, THOUGHT),
        ({"step"}, FINISHED, ANSWER),
        ({"step", "trajectory"}, FINISHED, FINISHED),
        ({"step", "trajectory"}, UNFINISHED, THOUGHT),
        ({"step", "trajectory"}, Trajectory(steps=(CUT,)), CUT),
    ],
)
async def test_members_get_trajectories_in_the_form_they_take(
    judges: set[Judges], item: Item, given: Item
) -> None:
    member = Says(judges=frozenset(judges))
    await made(member, Says(judges=frozenset({"prefix", "trajectory"}))).judge(Q, [item])
    assert member.seen == [given]


async def test_nothing_that_nobody_judges_is_scored() -> None:
    member = Says(judges=frozenset({"trajectory"}))
    for item in (HIT, THOUGHT, UNFINISHED, Trajectory()):
        with pytest.raises(VerifierError, match="not any of its members judges; it judges traj"):
            await made(member).judge(Q, [FINISHED, item])
    assert not member.seen
    fitted = made(Says(judges=frozenset({"hits", "step"})), Says(), weights=(1, 1), intercept=0)
    with pytest.raises(VerifierError, match="not each of its members judges; it judges step"):
        await fitted.judge(Q, [HIT])


async def test_verdicts_hold_what_the_members_say() -> None:
    one = Says(0.25, label="unsupported", unsupported=("a", "b"), reason="closest: X")
    other = Says(0.75, label="unsupported", unsupported=("b", "c"))
    (verdict,) = await made(one, other).judge(Q, [FINISHED])
    assert verdict.label == "unsupported"
    assert verdict.unsupported == ("a", "b", "c")
    assert verdict.reason == "Says 0.25 (closest: X); Says 0.75"
    (verdict,) = await made(one, Says(label="supported")).judge(Q, [FINISHED])
    assert verdict.label is None


async def test_members_judge_at_the_same_time() -> None:
    together = asyncio.Barrier(2)

    class Waits(Says):
        async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
            async with asyncio.timeout(10):
                await together.wait()
            return await super().judge(question, items)

    assert await score(made(Waits(0.2), Waits(0.4))) == pytest.approx(0.3)


async def test_one_failure_stops_the_others_and_is_the_one_told() -> None:
    stopped: list[str] = []

    class Fails(Says):
        async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
            raise VerifierError("broken")

    class Hangs(Says):
        async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                stopped.append("hangs")
                raise
            return []

    with pytest.raises(VerifierError, match="broken"):
        await made(Fails(), Hangs()).judge(Q, [FINISHED])
    assert stopped == ["hangs"]


async def test_a_member_that_gives_too_few_verdicts_is_named() -> None:
    class Silent(Says):
        async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
            return []

    with pytest.raises(VerifierError, match="Silent gave 0 verdicts on 1 items"):
        await made(Says(), Silent()).judge(Q, [FINISHED])


def test_it_declares_what_its_members_can_do_together() -> None:
    steps = Says(judges=frozenset({"step"}), aggregation="min", costs="scoring")
    outcomes = Says(judges=frozenset({"trajectory"}), aggregation="last", costs="embedding")
    both = made(steps, outcomes)
    assert both.judges == {"step", "trajectory"}
    assert (both.aggregation, both.costs) == ("min", "scoring")
    assert made(steps, outcomes, weights=(0, 1)).judges == {"trajectory"}
    assert made(steps, outcomes, weights=(1, 1), intercept=0).judges == {"trajectory"}
    assert made(outcomes).aggregation == "last"
    in_context = Says(judges=frozenset({"prefix"}), aggregation="product")
    assert made(steps, in_context, weights=(1, 2)).aggregation == "product"
    assert made(steps, in_context, weights=(1, 2), intercept=0).judges == {"prefix"}
    assert isinstance(both, Verifier)
    assert made(both, in_context).judges == {"step", "trajectory", "prefix"}


@pytest.mark.parametrize(
    ("members", "fields", "said"),
    [
        (0, {}, "needs members"),
        (2, {"weights": (1.0,)}, "1 weights for 2 members"),
        (2, {"weights": (1.0, -1.0)}, "none may be below 0"),
        (2, {"weights": (0.0, 0.0)}, "not all 0"),
        (2, {"weights": (1.0, inf), "intercept": 0.0}, "finite"),
        (1, {"intercept": 0.0}, "give both"),
    ],
)
def test_weights_that_do_not_fit_are_refused(members: int, fields: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        made(*(Says() for _ in range(members)), **fields)


def test_a_range_without_an_end_has_no_mean() -> None:
    with pytest.raises(ConfigError, match=r"Says scores from -inf to 0\.0"):
        made(Says(range=(-inf, 0.0)))


def test_a_fit_needs_something_that_all_judge() -> None:
    with pytest.raises(ConfigError, match=r"nothing that all members judge \(hits; step\)"):
        made(
            Says(judges=frozenset({"hits"})),
            Says(judges=frozenset({"step"})),
            weights=(1, 1),
            intercept=0,
        )


GRAPH = """
version: 1
name: g
paradigm: synergized
nodes:
  solve:
    use: reason
    policy: cot
    strategy: best_of_n
    verifier:
      use: ensemble
      members: [groundedness, {use: relevance, related: 0.1}]
      weights: [0.7, 0.3]
  answer: {use: answer}
edges: [[START, solve], [solve, answer], [answer, END]]
"""


def complaints(text: str, **given: Any) -> list[str]:
    return [str(error) for error in check_graph(parse_graph(text, "g.yaml"), **given)]


def bound(text: str, parts: Parts, allow_imports: Sequence[str] = ()) -> Any:
    """The verifier that the graph's `solve` node gets."""

    def no_subgraph(spec: Any, place: Any) -> Any:
        raise AssertionError(place)

    return Binder(parse_graph(text), parts, no_subgraph, allow_imports).node("solve").verifier


def test_a_graph_file_names_the_members() -> None:
    assert complaints(GRAPH) == []
    found = bound(GRAPH, Parts({"main": Scripted()}, embedder=HashingEmbedder()))
    assert isinstance(found, Ensemble)
    first, second = found.members
    assert isinstance(first, Groundedness)
    assert isinstance(second, Relevance)
    assert (found.weights, second.related) == ((0.7, 0.3), 0.1)


def test_members_get_engines_as_any_verifier_does(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True)
    class Asks:
        judges: ClassVar[frozenset[str]] = frozenset({"trajectory"})
        range: ClassVar[tuple[float, float]] = (0.0, 1.0)
        aggregation: ClassVar[str] = "last"
        costs: ClassVar[str] = "scoring"
        engine: Any

        async def judge(self, question: Any, items: Any) -> list[Verdict]:
            return []

    module = ModuleType("ensemble_test_parts")
    module.Asks = Asks  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    text = GRAPH.replace("[groundedness,", '[{use: "ensemble_test_parts:Asks", model: small},')
    small, main = Scripted(), Scripted()
    parts = Parts({"main": main, "small": small}, embedder=HashingEmbedder())
    asks = bound(text, parts, [module.__name__]).members[0]
    assert isinstance(asks.engine, Metered)
    assert asks.engine.engine is small
    assert complaints(text, allow_imports=[module.__name__]) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[0.7, 0.3]", "[1.0]", "g.yaml:10: 'ensemble': 1 weights for 2 members; give one each"),
        ("[groundedness,", "[groundednes,", "g.yaml:12: unknown verifier 'groundednes'; did you"),
        ("related: 0.1", "relatd: 0.1", "g.yaml:12: 'relevance' has no parameter 'relatd'"),
        ("related: 0.1", "related: 7", "g.yaml:12: 'relevance': related: "),
        ("related: 0.1", "members: [citation]", "'relevance' uses no members; it takes"),
        ("related: 0.1", "model: small", "g.yaml:12: 'relevance' uses no model; it takes no parts"),
        ("      members: [groundedness, {use: relevance, related: 0.1}]\n", "", "needs members"),
        (
            "weights: [0.7, 0.3]",
            "weights: [0.0, 1.0]",
            "g.yaml:9: 'best_of_n' needs a verifier that",
        ),
        ("use: ensemble", "use: groundedness", "g.yaml:13: 'groundedness' has no parameter 'wei"),
    ],
)
def test_what_is_wrong_in_the_file_is_told_with_its_line(old: str, new: str, said: str) -> None:
    assert old in GRAPH
    assert [said in text for text in complaints(GRAPH.replace(old, new))] == [True]


def test_an_ensemble_inside_an_ensemble_is_checked_too() -> None:
    inner = "{use: ensemble, members: [relevance], weights: [1.0, 2.0]}"
    (told,) = complaints(GRAPH.replace("{use: relevance, related: 0.1}", inner))
    assert told == "g.yaml:12: 'ensemble': 2 weights for 1 members; give one each"


def test_members_given_at_run_time_are_bound() -> None:
    text = GRAPH.replace("[groundedness,", "[mine,")
    assert "unknown verifier 'mine'" in complaints(text)[0]
    assert complaints(text, verifiers={"mine"}) == []
    mine: Any = Says()
    parts = Parts({"main": Scripted()}, verifiers={"mine": mine}, embedder=HashingEmbedder())
    assert bound(text, parts).members[0] is mine


def test_the_schema_of_graph_files_has_members() -> None:
    (option,) = [
        found
        for found in graph_schema()["$defs"]["Verifier"]["anyOf"][1]["oneOf"]
        if found["properties"]["use"].get("const") == "ensemble"
    ]
    members = option["properties"]["members"]
    assert members["items"] == {"$ref": "#/$defs/Verifier"}
    assert set(option["properties"]) == {"use", "members", "weights", "intercept"}
