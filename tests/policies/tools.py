"""Parts for tools that are never run."""

from collections.abc import Sequence

from ragreason.protocols import Where
from ragreason.types import Hit


class NoRetriever:
    """Stands where a retriever must be."""

    name = "none"

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        raise AssertionError("never asked")
