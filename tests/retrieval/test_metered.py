from collections.abc import Sequence

import pytest

from ragreason import ledger
from ragreason.errors import BudgetReachedError
from ragreason.protocols import Where
from ragreason.retrieval.metered import Metered
from ragreason.types import Budget, Hit


class Silent:
    """Finds nothing; counts how often it was asked."""

    name = "silent"

    def __init__(self) -> None:
        self.asked = 0

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        self.asked += 1
        if "boom" in queries:
            raise OSError("disk")
        return [[] for _ in queries]


async def test_every_query_is_charged() -> None:
    with ledger.metering(ledger.Meter()) as meter:
        await Metered(Silent()).retrieve(["a", "b"], 3)
        await Metered(Silent()).retrieve(["c"], 3)
    assert meter.spent.retrievals == 3
    assert meter.spent.calls == 0


async def test_a_spent_budget_stops_before_the_search() -> None:
    inner = Silent()
    with ledger.metering(ledger.Meter(Budget(retrievals=2))):
        await Metered(inner).retrieve(["a", "b"], 3)
        with pytest.raises(BudgetReachedError, match="retrievals"):
            await Metered(inner).retrieve(["c"], 3)
    assert inner.asked == 1


async def test_a_failed_search_costs_nothing() -> None:
    with ledger.metering(ledger.Meter()) as meter, pytest.raises(OSError, match="disk"):
        await Metered(Silent()).retrieve(["boom"], 3)
    assert meter.spent.retrievals == 0


async def test_without_a_meter_it_just_searches() -> None:
    assert await Metered(Silent()).retrieve(["a"], 3) == [[]]
