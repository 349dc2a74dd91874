"""A search keeps what it found, whatever stops it."""

import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import pytest

from ragreason.errors import (
    BudgetReachedError,
    CapabilityError,
    ContextOverflowError,
    EngineError,
    VerifierError,
)
from ragreason.generation.scripted import Scripted
from ragreason.ledger import Meter, metering
from ragreason.nodes.reason import FORCED_BY_DEPTH, FORCED_BY_SILENCE, Reason, begin
from ragreason.policies.ircot import IRCoT
from ragreason.policies.react import ReAct
from ragreason.protocols import Aggregation, Costs, Item, Judges, Retriever
from ragreason.search.greedy import Greedy
from ragreason.search.majority import Majority
from ragreason.state import initial
from ragreason.types import Budget, Evidence, Question, Request, Step, Verdict

QUESTION = Question(id="q", text="When was the designer of the Sallow Bridge born?")
SEARCH = " hm\nSearch: Edda Quill born"
ANSWER = " found\nAnswer: 1874"


@dataclass(frozen=True)
class Judge:
    """Scores 1 for each item; raises `error` instead, or forgets the last `lost` verdicts."""

    judges: ClassVar[frozenset[Judges]] = frozenset({"trajectory"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "last"
    costs: ClassVar[Costs] = "nothing"

    error: Exception | None = None
    lost: int = 0

    async def judge(self, question: Question, items: list[Item]) -> list[Verdict]:
        if self.error is not None:
            raise self.error
        return [Verdict(score=1.0)] * (len(items) - self.lost)


def reason(engine: Scripted, retriever: Retriever | None, **parts: Any) -> Reason:
    return Reason(
        name="solve",
        engine=engine,
        policy=parts.get("policy", ReAct()),
        strategy=parts.get("strategy", Greedy(max_depth=6)),
        retriever=retriever,
        verifier=parts.get("verifier"),
        k=2,
        temperatures=parts.get("temperatures", ()),
        first_tokens=parts.get("first_tokens", 0),
    )


async def test_a_context_that_is_full_keeps_what_was_found(retriever: Retriever) -> None:
    def full(_: Request) -> str:
        raise ContextOverflowError(10, 5)

    engine = Scripted([SEARCH], default=full)
    update = await reason(engine, retriever)(initial(QUESTION))
    assert update["forced"] == "context"
    assert [s.kind for s in update["trajectory"].steps] == ["search", "search"]
    kept = {e.hit.passage.title for e in update["evidence"].values() if e.keep}
    assert {"Sallow Bridge", "Edda Quill"} <= kept


@pytest.mark.parametrize("policy", [ReAct(), IRCoT()])
async def test_the_same_prompt_is_never_sent_twice_at_temperature_0(
    retriever: Retriever, policy: Any
) -> None:
    engine = Scripted(default="")
    update = await reason(engine, retriever, policy=policy)(initial(QUESTION))
    assert engine.calls == 1
    assert update["forced"] == FORCED_BY_SILENCE
    assert update["evidence"], "what the first search found stays"


async def test_branches_that_are_alike_are_one_request_with_a_sample_for_each(
    retriever: Retriever,
) -> None:
    engine = Scripted(default=[ANSWER, SEARCH])
    policy = ReAct(temperature=0.7)
    node = reason(engine, retriever, policy=policy, strategy=Majority(n=4, max_depth=4))
    update = await node(initial(QUESTION, seed=1))
    assert [(r.n, r.prefill.count("Search:")) for r in engine.requests] == [(4, 0), (2, 1)]
    assert len({r.seed for r in engine.requests}) == 2
    assert update["steps"] == 4 + 4 + 2


async def test_a_branch_keeps_its_temperature(retriever: Retriever) -> None:
    engine = Scripted(default=lambda r: f" at {r.temperature} {len(r.prefill)}\nSearch: Morn")
    strategy = Majority(n=4, max_depth=4)
    await reason(engine, retriever, strategy=strategy, temperatures=(0.3, 0.7, 1.0))(
        initial(QUESTION)
    )
    assert [(r.temperature, r.n) for r in engine.requests[:3]] == [(0.3, 2), (0.7, 1), (1.0, 1)]
    for request in engine.requests[3:]:
        assert {word for word in ("0.3", "0.7", "1.0") if f"at {word}" in request.prefill} == {
            str(request.temperature)
        }


async def test_samples_of_one_prompt_begin_with_its_likeliest_first_tokens(
    retriever: Retriever,
) -> None:
    texts = [" Edda was.\nAnswer: 1874", " Bridges are.\nAnswer: 1900"]

    def going_on(request: Request) -> list[str]:
        begun = request.prefill.rpartition("Thought:")[2]
        return [text.removeprefix(begun) for text in texts if text.startswith(begun)]

    engine = Scripted(default=going_on)
    node = reason(engine, retriever, strategy=Majority(n=2, max_depth=3), first_tokens=8)
    update = await node(initial(QUESTION))
    assert [r.prefill.rpartition("Thought:")[2] for r in engine.requests] == [
        "",
        " Edda",
        " Bridges",
    ]
    assert update["draft"] == "1874"
    assert update["steps"] == 4


def test_an_engine_that_can_not_branch_on_first_tokens_is_refused(retriever: Retriever) -> None:
    engine = Scripted(capabilities=Scripted.capabilities - {"first_tokens"})
    with pytest.raises(CapabilityError, match=r"first_tokens.*openvino"):
        reason(engine, retriever, first_tokens=2)


async def test_at_temperature_0_of_the_schedule_the_same_prompt_is_not_sent_again(
    retriever: Retriever,
) -> None:
    engine = Scripted(default="")
    strategy = Majority(n=2, max_depth=5)
    node = reason(engine, retriever, strategy=strategy, temperatures=(0.0, 0.9))
    await node(initial(QUESTION))
    assert [r.temperature for r in engine.requests] == [0.0, 0.9, 0.9, 0.9, 0.9]


async def test_above_temperature_0_an_empty_reply_is_drawn_again(retriever: Retriever) -> None:
    engine = Scripted(["", ANSWER])
    update = await reason(engine, retriever, policy=ReAct(temperature=0.7))(initial(QUESTION))
    assert (engine.calls, update["draft"]) == (2, "1874")
    first, second = engine.requests
    assert first.seed != second.seed


async def test_a_search_that_runs_out_of_depth_says_so(retriever: Retriever) -> None:
    engine = Scripted(default=lambda r: f" hm\nSearch: Edda {r.prefill.count('Search:')}")
    update = await reason(engine, retriever)(initial(QUESTION))
    assert (update["forced"], len(update["trajectory"].steps)) == (FORCED_BY_DEPTH, 6)


@pytest.mark.parametrize("error", [BudgetReachedError("tokens"), ContextOverflowError(9, 5)])
async def test_a_verifier_that_is_stopped_loses_nothing(
    retriever: Retriever, error: Exception
) -> None:
    engine = Scripted([ANSWER])
    update = await reason(engine, retriever, verifier=Judge(error))(initial(QUESTION))
    assert update["draft"] == "1874"
    assert update["steps"] == 2
    assert update["forced"] in {"budget of tokens", "context"}


async def test_verdicts_that_do_not_match_are_an_error(retriever: Retriever) -> None:
    with pytest.raises(VerifierError, match="1 items were to be judged, 0 verdicts came"):
        await reason(Scripted([ANSWER]), retriever, verifier=Judge(lost=1))(initial(QUESTION))


async def test_each_answer_is_judged_once(retriever: Retriever) -> None:
    judged: list[int] = []

    class Counting(Judge):
        async def judge(self, question: Question, items: list[Item]) -> list[Verdict]:
            judged.append(len(items))
            return await super().judge(question, items)

    engine = Scripted(default=[ANSWER, SEARCH, ANSWER, " x\nSearch: Harrowby"])
    strategy = Majority(n=4, max_depth=4)
    policy = ReAct(temperature=1.0)
    node = reason(engine, retriever, strategy=strategy, policy=policy, verifier=Counting())
    update = await node(initial(QUESTION, seed=3))
    assert sum(judged) <= 4
    assert update["draft"] == "1874"


async def test_an_error_cancels_the_other_branches(retriever: Retriever) -> None:
    class Failing(Scripted):
        async def generate(self, request: Request) -> Any:
            if request.n == 3:
                return await super().generate(request)
            if self.calls > 1:
                raise EngineError("no")
            with self._counted(request):
                await asyncio.Event().wait()
            return None

    engine = Failing([" a", " b", " c"])
    policy, strategy = ReAct(search_first=False, temperature=0.7), Majority(n=3, max_depth=3)
    node = reason(engine, retriever, policy=policy, strategy=strategy)
    with pytest.raises(EngineError, match="no"):
        async with asyncio.timeout(5):
            await node(initial(QUESTION))
    assert engine._running == 0


async def test_proposals_that_never_came_end_their_branch(retriever: Retriever) -> None:
    class Silent(ReAct):
        async def propose(self, *_: Any, **__: Any) -> list[Step]:
            return []

    async with asyncio.timeout(5):
        update = await reason(Scripted(), retriever, policy=Silent())(initial(QUESTION))
    assert update["forced"] == FORCED_BY_SILENCE


async def test_seconds_spent_before_a_crash_still_count(retriever: Retriever) -> None:
    node = reason(Scripted(default=ANSWER), retriever)
    saved = {**initial(QUESTION), "tree": [], "elapsed_s": 50.0, "wanted": [(0, 1)]}
    with metering(Meter(Budget(seconds=40))):
        update = await node.expand(saved)  # type: ignore[arg-type]
    assert update["forced"] == "budget of seconds"
    assert update["elapsed_s"] >= 50.0


async def test_evidence_that_was_kept_before_stays_kept(retriever: Retriever) -> None:
    (hits,) = await retriever.retrieve([QUESTION.text], 4)
    start = initial(QUESTION)
    before = Evidence(hit=hits[0], keep=True, excerpt="short")
    away = {hit.passage.id: Evidence(hit=hit, keep=False) for hit in hits[1:]}
    start["evidence"] = {hits[0].passage.id: before, **away}
    policy = ReAct(search_first=False)
    strategy = Majority(n=2, max_depth=1)
    engine = Scripted([ANSWER, f" hm\nSearch: {QUESTION.text}"])
    update = await reason(engine, retriever, policy=policy, strategy=strategy)(start)
    assert len(update["trajectory"].steps) == 1, "the best one never searched"
    assert update["evidence"][hits[0].passage.id] == before
    assert not any(e.keep for key, e in update["evidence"].items() if key in away)


def test_where_nothing_is_verified_no_step_is_taken_for_it() -> None:
    bare, judged = reason(Scripted(), None), reason(Scripted(), None, verifier=Judge())
    assert {"select", "expand"} <= set(bare.subgraph.nodes)
    assert "verify" in judged.subgraph.nodes
    assert "verify" not in bare.subgraph.nodes


async def test_what_would_change_nothing_is_not_written(retriever: Retriever) -> None:
    state = {**begin(QUESTION, 0), "wanted": [(0, 1)]}
    update = await reason(Scripted([ANSWER]), retriever).expand(cast(Any, state))
    assert set(update) == {"tree", "evidence", "usage", "steps", "elapsed_s"}


async def test_the_answers_prompt_holds_what_was_found_before_it(retriever: Retriever) -> None:
    update = await reason(Scripted([SEARCH, ANSWER]), retriever)(initial(QUESTION))
    found = [hit.passage.id for hit in update["trajectory"].shown]
    assert len(found) == 2
    assert update["in_prompt"] == found


async def test_without_an_answer_nobody_knows_what_its_prompt_held(retriever: Retriever) -> None:
    update = await reason(Scripted([SEARCH], default=""), retriever)(initial(QUESTION))
    assert (update["draft"], update["in_prompt"]) == ("", None)
