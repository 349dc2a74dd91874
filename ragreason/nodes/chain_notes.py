"""A reasoning chain's sub-queries and sub-answers, as notes for the answer node."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

from ragreason.state import State


@dataclass(frozen=True)
class ChainNotes:
    """Note "query: what was said next" for each search of the `trajectory`, in order, but for those
    of the question itself.
    """

    reads: ClassVar[tuple[str, ...]] = ("question", "trajectory")
    writes: ClassVar[tuple[str, ...]] = ("notes",)

    name: str

    async def __call__(self, state: State) -> dict[str, Any]:
        """No model call."""
        pairs = [
            (search.query, said.text.strip())
            for search, said in pairwise(state["trajectory"].steps)
            if search.kind == "search" and said.kind == "thought"
        ]
        own = state["question"].text
        return {"notes": [f"{query}: {text}" for query, text in pairs if text and query != own]}
