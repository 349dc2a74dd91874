"""Recall solved questions that resemble the one asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.experience import Memory, Store, shipped_store
from ragreason.protocols import Embedder
from ragreason.settings import settings
from ragreason.state import State


@dataclass(frozen=True)
class Recall:
    """Write the `k` most similar solved questions to `examples`, the most similar last.

    They come from the folder `store`, by default the setting `experience`, else the few that ship.
    The store is read once, when the graph is loaded, and never written; a missing or empty one
    gives no examples. Questions that ask the same as this one are left out (`experience.same`).
    Sources: similar examples by nearest neighbours, arXiv 2101.06804, which compares this order
    with others; a memory that grows from what was solved, arXiv 2308.10144.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    writes: ClassVar[tuple[str, ...]] = ("examples",)
    keys: ClassVar[dict[str, Any]] = {"examples": list[dict[str, str]]}

    name: str
    embedder: Embedder
    store: str = ""
    k: Annotated[int, Field(ge=1, le=32)] = 3
    least: Annotated[float, Field(ge=-1, le=1)] = 0.0
    _memory: Memory = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Read the store. Raises ConfigError where it is a file, DataError where it is damaged."""
        memory = Memory(_opened(self.store).read(), self.embedder)
        object.__setattr__(self, "_memory", memory)

    @classmethod
    def fingerprint(cls, parameters: Mapping[str, Any]) -> str:
        """What the store holds, as a hash: results depend on it."""
        return _opened(str(parameters.get("store", ""))).digest

    async def __call__(self, state: State) -> dict[str, Any]:
        """One embedding, and no model call."""
        found = await self._memory.nearest(state["question"].text, self.k, self.least)
        examples = [{"question": one.question, "answer": one.answer} for one in reversed(found)]
        return {"examples": examples}


def _opened(store: str) -> Store:
    path = Path(store) if store else settings().experience
    return shipped_store() if path is None else Store(path)
