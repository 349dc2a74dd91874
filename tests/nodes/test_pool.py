"""The best of several searches."""

from ragreason.corpus.passages import passage
from ragreason.nodes.pool import Pool
from ragreason.state import initial, merge_evidence
from ragreason.types import Evidence, Hit, Question


def found(name: str, rank: int, *, keep: bool = True) -> tuple[str, Evidence]:
    hit = Hit(passage=passage(name, name), score=1.0, rank=rank, source="bm25")
    return hit.passage.id, Evidence(hit=hit, keep=keep)


async def kept(k: int, *entries: tuple[str, Evidence]) -> list[str]:
    state = initial(Question(id="q", text="?"))
    state["evidence"] = dict(entries)
    update = await Pool("pool", k=k)(state)
    merged = merge_evidence(state["evidence"], update["evidence"])
    assert list(merged) == [key for key, _ in entries]
    return [e.hit.passage.title for e in merged.values() if e.keep]


async def test_the_first_of_each_search_come_before_the_second_of_any() -> None:
    entries = [found("a1", 1), found("a2", 2), found("b1", 1), found("b2", 2)]
    assert await kept(2, *entries) == ["a1", "b1"]


async def test_among_equals_the_last_search_comes_first() -> None:
    entries = [found("a1", 1), found("a2", 2), found("b2", 2)]
    assert await kept(2, *entries) == ["a1", "b2"]


async def test_what_was_judged_away_stays_away() -> None:
    assert await kept(5, found("a1", 1, keep=False), found("a2", 2)) == ["a2"]
