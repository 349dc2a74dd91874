"""A retriever whose queries are counted and bounded."""

from collections.abc import Sequence

from ragreason import ledger, spans
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
        with spans.leaf("retrieval", self.name, gen_ai__data_source__id=self.name) as told:
            told.say(gen_ai__retrieval__top_k=k, ragreason__queries=len(queries))
            told.quote(gen_ai__retrieval__query__text="\n".join(queries))
            hits = await self._retriever.retrieve(queries, k, where)
            if spans.on():
                told.say(gen_ai__retrieval__documents=_documents(hits))
        if meter is not None:
            meter.charge(Usage(retrievals=len(queries)))
        return hits


def _documents(hits: Sequence[Sequence[Hit]]) -> list[dict[str, object]]:
    return [{"id": hit.passage.id, "score": hit.score} for found in hits for hit in found]
