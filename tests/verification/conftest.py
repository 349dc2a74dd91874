"""A small library and an embedder that needs no model."""

from collections.abc import Callable, Sequence
from itertools import count

import pytest

from ragreason.corpus import passage
from ragreason.embedding.hashing import HashingEmbedder
from ragreason.protocols import Embedder, EmbedKind, Floats
from ragreason.types import Hit, Passage, Question, Step, Trajectory

LIBRARY = {
    "Maximum Overdrive": (
        "Maximum Overdrive is a 1986 American horror film. "
        "It was written and directed by Stephen King. It was his first work as a director."
    ),
    "Leland, North Carolina": (
        "Leland is a town in Brunswick County. "
        'Several films, such as "Maximum Overdrive" (1986), were shot in or around Leland.'
    ),
    "Brunswick County": "Brunswick County lies in the south. Its seat is Bolivia.",
    "Carrie (novel)": "Carrie is a novel of 1974 by Stephen King. It is set in Chamberlain.",
    "Potato": "The potato is a starchy root. It was first grown by farmers in Peru.",
}


class Counting:
    """An embedder that counts the texts it is given."""

    def __init__(self) -> None:
        self._inner = HashingEmbedder()
        self.name, self.dim = self._inner.name, self._inner.dim
        self.calls: list[list[str]] = []

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        self.calls.append(list(texts))
        return await self._inner.embed(texts, kind)


@pytest.fixture
def embedder() -> Embedder:
    return HashingEmbedder()


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def library() -> dict[str, Passage]:
    return {title: passage(title, text) for title, text in LIBRARY.items()}


@pytest.fixture
def hits(library: dict[str, Passage]) -> tuple[Hit, ...]:
    ranks = count(1)
    return tuple(
        Hit(passage=p, score=1.0, rank=next(ranks), source="test") for p in library.values()
    )


@pytest.fixture
def question() -> Question:
    return Question(id="q", text="Who directed the film that was shot in or around Leland in 1986?")


@pytest.fixture
def answering() -> Callable[[str, Sequence[Hit]], Trajectory]:
    """A trajectory that searched, found `hits`, and answered."""

    def build(answer: str, found: Sequence[Hit]) -> Trajectory:
        search = Step(kind="search", text="Search: x", query="x", hits=tuple(found))
        return Trajectory(steps=(search, Step(kind="answer", text=answer, answer=answer)))

    return build
