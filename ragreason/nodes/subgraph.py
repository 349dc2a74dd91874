"""A whole graph as one node of another."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ragreason.state import State


@dataclass(frozen=True)
class Subgraph:
    """Runs the graph named in `graph`: `in` says which keys go in, `out` which come back.

    `{question: item}` asks what the branch is about; `{answer: notes}` notes "question: answer".
    Evidence comes back too, and what was spent adds up. What the node reads and writes is read from
    `in` and `out` by `ragreason.graph`. The fields in `set` are changed in the graph, as by
    `--set`: `set: {retrieve.k: 3}`.
    """

    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ()

    name: str
    graph: Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]
    set: Mapping[str, Any] | None = None

    async def __call__(self, state: State) -> dict[str, Any]:
        """One run of the graph, with its own budget inside the caller's."""
        return await self.graph(state)
