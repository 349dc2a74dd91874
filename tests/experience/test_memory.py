"""Finding the solved questions that are most like the one asked."""

from collections.abc import Sequence

import numpy as np

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.experience import Memory, Solved
from ragreason.protocols import EmbedKind, Floats

ASKED = "When was the architect of the Sallow Bridge born?"
SOLVED = [
    Solved(question="Which cheese is made in Orlow?", answer="Blue Orlow"),
    Solved(question="When was the architect of the Tin Bridge born?", answer="1820"),
    Solved(question="When was the painter of the Tin Mural born?", answer="1791"),
]


class Counting(HashingEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self.embedded: list[str] = []

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        self.embedded += texts
        return await super().embed(texts, kind)


async def test_the_most_similar_come_first_at_most_k() -> None:
    memory = Memory(SOLVED, HashingEmbedder())
    assert [one.answer for one in await memory.nearest(ASKED, 2)] == ["1820", "1791"]
    assert len(await memory.nearest(ASKED, 10)) == 3


async def test_order_is_that_of_the_cosines_one_by_one() -> None:
    embedder = HashingEmbedder()
    (asked,) = await embedder.embed([ASKED], "query")
    cosines = [
        float(np.dot((await embedder.embed([one.question], "query"))[0], asked)) for one in SOLVED
    ]
    by_hand = sorted(SOLVED, key=lambda one: -cosines[SOLVED.index(one)])
    assert await Memory(SOLVED, embedder).nearest(ASKED, 3) == by_hand


async def test_the_question_asked_is_never_found_even_where_it_is_all_there_is() -> None:
    own = [
        Solved(question=ASKED.lower(), answer="1874"),
        Solved(question="The Sallow Bridge's architect was born when?", answer="1874"),
    ]
    assert await Memory(own, HashingEmbedder()).nearest(ASKED, 3) == []
    found = await Memory([*own, *SOLVED], HashingEmbedder()).nearest(ASKED, 1)
    assert [one.answer for one in found] == ["1820"], "the next best takes its place"


async def test_those_below_the_least_similarity_are_left_out() -> None:
    memory = Memory(SOLVED, HashingEmbedder())
    assert await memory.nearest(ASKED, 3, least=0.7) == [SOLVED[1]]
    assert await memory.nearest(ASKED, 3, least=1.0) == []


async def test_solved_questions_are_embedded_once() -> None:
    embedder = Counting()
    memory = Memory(SOLVED, embedder)
    for _ in range(3):
        await memory.nearest(ASKED, 1)
    assert embedder.embedded.count(SOLVED[0].question) == 1


async def test_an_empty_memory_embeds_nothing() -> None:
    embedder = Counting()
    assert await Memory([], embedder).nearest(ASKED, 3) == []
    assert embedder.embedded == []
