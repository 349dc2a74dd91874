"""Searching for one query or, fused, for several."""

from ragreason.nodes.retrieve import Retrieve, fused
from ragreason.protocols import Retriever
from ragreason.state import State, initial
from ragreason.types import Evidence, Hit, Question
from tests.graphs.courses import QUESTION


def state(**more: object) -> State:
    return State(**{**initial(Question(id="q", text=QUESTION.text)), **more})  # type: ignore[typeddict-item]


def titles(update: dict[str, dict[str, object]]) -> list[str]:
    return [entry.hit.passage.title for entry in update["evidence"].values()]  # type: ignore[attr-defined]


async def test_several_queries_are_one_batch_and_fused_by_rank(retriever: Retriever) -> None:
    node = Retrieve(name="retrieve", retriever=retriever, k=2, fused=True)
    update = await node(
        state(queries=["Sallow Bridge crosses", "Edda Quill architect", "architect"])
    )
    assert titles(update) == ["Edda Quill", "Sallow Bridge"]
    first = next(iter(update["evidence"].values())).hit
    assert first.source == "fused"
    assert (first.rank, round(first.score, 4)) == (1, round(2 / 61, 4))


async def test_without_fused_queries_the_query_counts(retriever: Retriever) -> None:
    node = Retrieve(name="retrieve", retriever=retriever, k=1)
    assert titles(await node(state(queries=["Edda Quill"], query="cattle fair"))) == ["Harrowby"]


async def test_fused_without_queries_searches_for_the_question(retriever: Retriever) -> None:
    node = Retrieve(name="retrieve", retriever=retriever, k=1, fused=True)
    assert titles(await node(state())) == ["Sallow Bridge"]


async def test_ties_keep_the_order_of_the_searches(retriever: Retriever) -> None:
    [one], [other] = await retriever.retrieve(["Sallow Bridge Morn", "cattle fair"], 1)
    best: list[Hit] = fused([[one], [other]], 2)
    assert [hit.passage.title for hit in best] == ["Sallow Bridge", "Harrowby"]


async def test_what_was_graded_away_stays_away_when_it_is_found_again(retriever: Retriever) -> None:
    [[found]] = await retriever.retrieve([QUESTION.text], 1)
    known = {found.passage.id: Evidence(hit=found, keep=False, excerpt="It is told.")}
    node = Retrieve(name="retrieve", retriever=retriever, k=2)
    update = await node(state(evidence=known))
    assert len(update["evidence"]) == 1, "the second hit alone is new"
    assert found.passage.id not in update["evidence"]
