"""Second hops: what is searched for, and how chains become evidence."""

from collections.abc import Sequence

import pytest

from ragreason.nodes.multi_hop import MultiHop, chains, distinct, second_query
from ragreason.protocols import Where
from ragreason.state import initial
from ragreason.types import Hit, Passage, Question

ASKED = "When was the designer of the Sallow Bridge born?"


def hit(title: str, rank: int = 1, text: str = "x") -> Hit:
    passage = Passage(id=title, title=title, text=text)
    return Hit(passage=passage, score=1 / rank, rank=rank, source="t")


class Listed:
    """Finds, for each query, the titles listed under the first key that the query holds."""

    name = "listed"

    def __init__(self, listed: dict[str, str]) -> None:
        self.listed = listed
        self.batches: list[list[str]] = []

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        self.batches.append(list(queries))
        return [self._hits(query)[:k] for query in queries]

    def _hits(self, query: str) -> list[Hit]:
        titles = next((found for key, found in self.listed.items() if key in query), "").split()
        return [hit(title, rank, f"About Mr {title}x.") for rank, title in enumerate(titles, 1)]


async def evidence(node: MultiHop) -> list[str]:
    update = await node(initial(Question(id="q", text=ASKED)))
    return list(update["evidence"])


async def test_each_first_hop_stands_beside_its_second_hop() -> None:
    searched = Listed({"Mr Ax": "A C B D", "Mr Bx": "B E A F", "Sallow": "A B G"})
    assert await evidence(MultiHop("hops", searched, k=4)) == ["A", "C", "B", "E"]
    assert [len(batch) for batch in searched.batches] == [1, 2], "the second hops are one batch"


async def test_too_few_chains_are_filled_up_from_the_first_search() -> None:
    searched = Listed({"Mr Ax": "A C", "Mr Bx": "", "Sallow": "A B G H"})
    assert await evidence(MultiHop("hops", searched, k=4)) == ["A", "C", "B", "G"]


async def test_a_search_that_finds_nothing_is_the_only_one() -> None:
    searched = Listed({})
    assert await evidence(MultiHop("hops", searched)) == []
    assert searched.batches == [[ASKED]]


def test_the_second_query_drops_known_names_and_adds_new_ones() -> None:
    passage = Passage(
        id="a", title="t", text="The Sallow Bridge, by Edda Quill, a Harrowby architect, is old."
    )
    expected = "When was the designer of the born? Edda Quill Harrowby"
    assert second_query(ASKED, passage) == expected


def test_names_that_the_passage_does_not_deal_with_stay() -> None:
    passage = Passage(id="a", title="Morn", text="It rises near Tessing.")
    assert second_query(ASKED, passage) == f"{ASKED} Tessing"


@pytest.mark.parametrize("text", ["it crosses the river.", "它横跨莫恩河。"])
def test_a_passage_without_names_is_searched_with_as_a_whole(text: str) -> None:
    passage = Passage(id="a", title="River", text=text)
    assert second_query(ASKED, passage) == f"{ASKED} River {text}"


def test_chains_are_ranked_by_both_hops_and_never_lead_back() -> None:
    pairs = chains([hit("A"), hit("B", 2)], [[hit("A"), hit("C", 2), hit("D", 3)], [hit("E")]])
    assert [(a.passage.id, b.passage.id) for a, b in pairs] == [("A", "C"), ("A", "D"), ("B", "E")]


def test_a_passage_counts_where_it_comes_first() -> None:
    found = distinct([hit("A", 1), hit("B", 2), hit("A", 3)])
    assert [(h.passage.id, h.rank) for h in found] == [("A", 1), ("B", 2)]
