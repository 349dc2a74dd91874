"""Of all that several searches found, keep the best few."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.state import State


@dataclass(frozen=True)
class Pool:
    """Keep the `k` passages that stand highest in the search that found them; the last search
    first among equals, as it knows most. The others stay among the evidence, but are not shown.
    """

    reads: ClassVar[tuple[str, ...]] = ("evidence",)
    writes: ClassVar[tuple[str, ...]] = ("evidence",)

    name: str
    k: Annotated[int, Field(ge=1, le=200)] = 6

    async def __call__(self, state: State) -> dict[str, Any]:
        """No model call."""
        evidence = state["evidence"]
        shown = [key for key, entry in evidence.items() if entry.keep]
        latest_first = shown[::-1]
        best = sorted(latest_first, key=lambda key: evidence[key].hit.rank)[: self.k]
        return {
            "evidence": {
                key: evidence[key].model_copy(update={"keep": False})
                for key in shown
                if key not in best
            }
        }
