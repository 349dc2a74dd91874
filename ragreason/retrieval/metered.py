"""A retriever whose queries are counted and bounded."""

from collections.abc import Sequence

from ragreason import ledger
from ragreason.protocols import Retriever, Where
from ragreason.types import Hit, Usage


class Metered:
    """Charges each query to the meter that is open, and refuses when its budget is spent."""

    def __init__(self, retriever: Retriever) -> None:
        self.name = retriever.name
        self._retriever = retriever

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        """As the retriever. Raises BudgetReachedError before it searches; a failure costs nothing.

        A batch is not cut: it may pass the bound on retrievals by its own size less one.
        """
        meter = ledger.current()
        if meter is not None:
            meter.check()
        hits = await self._retriever.retrieve(queries, k, where)
        if meter is not None:
            meter.charge(Usage(retrievals=len(queries)))
        return hits
