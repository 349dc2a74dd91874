"""What a store held at one moment, found again by how similar a question is."""

from collections.abc import Sequence

from ragreason.experience.same import is_same
from ragreason.experience.store import Solved
from ragreason.protocols import Embedder, Floats


class Memory:
    """Solved questions, embedded when they are first asked for. It never changes: what is added to
    the store later is not seen, so that all questions of an evaluation find the same.
    """

    def __init__(self, solved: Sequence[Solved], embedder: Embedder) -> None:
        self.solved = tuple(solved)
        self._embedder = embedder
        self._vectors: Floats | None = None

    async def nearest(self, question: str, k: int, least: float = -1.0) -> list[Solved]:
        """At most `k` solved questions by cosine, best first, ties in the store's order.

        Those below `least`, and those that ask the same as `question`, are left out.
        """
        if not self.solved:
            return []
        if self._vectors is None:
            texts = [record.question for record in self.solved]
            self._vectors = await self._embedder.embed(texts, "query")
        (asked,) = await self._embedder.embed([question], "query")
        scores = self._vectors @ asked  # (solved,), cosine
        found: list[Solved] = []
        for place in (-scores).argsort(kind="stable"):
            if len(found) == k or scores[place] < least:
                break
            record = self.solved[int(place)]
            if not is_same(record.question, question):
                found.append(record)
        return found
